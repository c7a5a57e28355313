package simulation

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"orrery/fuzz/workload"
	"orrery/impl/api"
)

// What a script's user may ask for; the user must have heard the end of the last request.
//
//	create rc|rs NAME REPLICAS        an owner of pods that run until they are told to end
//	create pod NAME [ARG...]          a pod that is never restarted; its ARGs are those of the fake runtime (run, exit 1 after 3s)
//	create pod NAME critical ARG...   likewise, of the priority class system-cluster-critical
//	create pod NAME whole ARG...      likewise, and it asks for as much as a worker has
//	create cm NAME [FINALIZER]        a config map
//	own KIND NAME KIND OWNER [blocks] the second, as the user has made or read it, becomes the only owner of the first, and waits for it
//	create sa NAME                    a service account
//	create secret NAME ACCOUNT        a secret that is to hold the token of a service account
//	create svc NAME                   a service of the pods of the owner of that name
//	create ns NAME                    a namespace
//	scale rc|rs NAME REPLICAS
//	label pod NAME KEY=VALUE
//	finalize cm|svc NAME FINALIZER    it gets that one
//	unfinalize cm|svc NAME            its finalizers are taken away
//	disown KIND NAME                  it has no owner any more
//	delete ns|node NAME
//	delete rc|rs|pod|cm|svc|sa|secret NAME [GRACE] [POLICY]  GRACE in seconds; POLICY for what it owns: background, foreground or orphan
//	get rc|rs|pod|cm|svc|sa|secret|ns NAME
//	list rc|rs|pod|cm|svc|sa|secret|ns
//
// An object is in the workload's namespace, unless its NAME begins with that of another and a slash.
func (r *run) user(rest string) error {
	words := strings.Fields(rest)
	if len(words) < 2 {
		return fmt.Errorf("user %q: what shall the user do to what?", rest)
	}
	resource, err := userResource(words[1])
	if err != nil {
		return err
	}
	req := api.Request{Verb: api.Verb(words[0]), Resource: resource}
	if resource.Namespaced {
		req.Namespace = workload.Namespace
	}
	if len(words) > 2 {
		req.Name = words[2]
		if namespace, name, elsewhere := strings.Cut(words[2], "/"); elsewhere {
			req.Namespace, req.Name = namespace, name
		}
	} else if words[0] != "list" {
		return fmt.Errorf("user %q: of what name?", rest)
	}
	if !resource.Namespaced {
		req.Namespace = ""
	}
	if args := words[min(3, len(words)):]; words[0] == "own" {
		err = r.own(&req, args)
	} else {
		err = complete(&req, args)
	}
	if err != nil {
		return fmt.Errorf("user %s: %w", rest, err)
	}
	r.wanted = req
	return applied(r.world.Issue(r.typist))
}

// own makes the request that gives an object an owner.
func (r *run) own(req *api.Request, args []string) error {
	if len(args) < 2 {
		return errors.New("owned by what kind, and what name?")
	}
	resource, err := userResource(args[0])
	if err != nil {
		return err
	}
	owner := r.heard[resource.Name+"/"+args[1]]
	if owner == nil {
		return fmt.Errorf("the user has not seen %s %s", args[0], args[1])
	}
	ref, err := json.Marshal(workload.Reference(resource, owner, len(args) > 2 && args[2] == "blocks"))
	if err != nil {
		return err
	}
	return patched(req, "", []string{string(ref)}, func(ref string) string { return `{"metadata":{"ownerReferences":[` + ref + `]}}` })
}

func userResource(short string) (*api.Resource, error) {
	for _, r := range api.Resources {
		for _, name := range append(r.ShortNames, r.Singular) {
			if name == short {
				return r, nil
			}
		}
	}
	return nil, fmt.Errorf("%q: there is no such kind", short)
}

// complete fills in what the verb needs.
func complete(req *api.Request, args []string) error {
	switch req.Verb {
	case api.Get, api.List:
		return nil
	case api.Delete:
		return deleted(req, args)
	case api.Create:
		return created(req, args)
	case "scale":
		return patched(req, "scale", args, func(n string) string { return `{"spec":{"replicas":` + n + `}}` })
	case "label":
		return patched(req, "", args, func(label string) string {
			key, value, _ := strings.Cut(label, "=")
			return fmt.Sprintf(`{"metadata":{"labels":{%q:%q}}}`, key, value)
		})
	case "finalize":
		return patched(req, "", args, func(name string) string { return fmt.Sprintf(`{"metadata":{"finalizers":[%q]}}`, name) })
	case "disown":
		return patched(req, "", []string{""}, func(string) string { return `{"metadata":{"ownerReferences":null}}` })
	case "unfinalize":
		return patched(req, "", []string{""}, func(string) string { return `{"metadata":{"finalizers":null}}` })
	}
	return fmt.Errorf("there is no verb %q", req.Verb)
}

// deleted are the options of a deletion: in the background, where nothing is said.
func deleted(req *api.Request, args []string) error {
	policies := map[string]metav1.DeletionPropagation{
		"background": metav1.DeletePropagationBackground, "foreground": metav1.DeletePropagationForeground, "orphan": metav1.DeletePropagationOrphan,
	}
	policy := policies["background"]
	req.Delete = &metav1.DeleteOptions{PropagationPolicy: &policy}
	for _, arg := range args {
		if wish, ok := policies[arg]; ok {
			policy = wish
			continue
		}
		grace, err := strconv.ParseInt(arg, 10, 64)
		if err != nil || grace < 0 {
			return fmt.Errorf("%q is no number of seconds, and no policy", arg)
		}
		req.Delete.GracePeriodSeconds = &grace
	}
	return nil
}

func patched(req *api.Request, subresource string, args []string, patch func(string) string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d words follow, not one", len(args))
	}
	req.Verb, req.Subresource, req.PatchType, req.Patch = api.Patch, subresource, types.MergePatchType, []byte(patch(args[0]))
	return nil
}

func created(req *api.Request, args []string) error {
	meta := metav1.ObjectMeta{Name: req.Name, Namespace: req.Namespace}
	switch req.Resource.New().(type) {
	case *corev1.ReplicationController, *appsv1.ReplicaSet:
		if len(args) != 1 {
			return fmt.Errorf("how many replicas?")
		}
		n, err := strconv.ParseInt(args[0], 10, 32)
		if err != nil {
			return fmt.Errorf("%q is no number of replicas", args[0])
		}
		req.Object = workload.CreateOwner(req.Resource, req.Namespace, req.Name, int32(n)).Object
	case *corev1.Pod:
		whole := len(args) > 0 && args[0] == "whole"
		critical := whole || len(args) > 0 && args[0] == "critical"
		if critical {
			args = args[1:]
		}
		spec := workload.PodSpec(args...)
		if critical {
			spec.PriorityClassName = workload.Critical
		}
		if whole {
			workload.Fill(&spec)
		}
		spec.RestartPolicy = corev1.RestartPolicyNever
		meta.Labels = map[string]string{"app": "once"}
		req.Object = &corev1.Pod{ObjectMeta: meta, Spec: spec}
	case *corev1.Namespace:
		req.Object = &corev1.Namespace{ObjectMeta: meta}
	case *corev1.ServiceAccount:
		req.Object = &corev1.ServiceAccount{ObjectMeta: meta}
	case *corev1.Secret:
		if len(args) != 1 {
			return fmt.Errorf("of which account?")
		}
		meta.Annotations = map[string]string{corev1.ServiceAccountNameKey: args[0]}
		req.Object = &corev1.Secret{ObjectMeta: meta, Type: corev1.SecretTypeServiceAccountToken}
	case *corev1.ConfigMap:
		meta.Finalizers = args
		req.Object = &corev1.ConfigMap{ObjectMeta: meta}
	case *corev1.Service:
		*req = workload.CreateService(req.Name)
	default:
		return fmt.Errorf("no %s can be created here", req.Resource.Singular)
	}
	return nil
}
