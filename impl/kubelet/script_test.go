package kubelet

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"orrery/impl/control"
	"orrery/impl/kubelet/runtime"
)

// Each file in testdata/stories tells what a kubelet does in one situation: everything it did to the runtime and to the API,
// in order. The commands are those of run below. A kubelet that reads config maps and secrets one by one does the same as one that watches all.
func TestStories(t *testing.T) {
	for _, oneByOne := range []bool{false, true} {
		cfg := Defaults
		cfg.OneByOne = oneByOne
		datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
			w := newWorldOf(cfg)
			w.settle()
			w.take()
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return w.run(t, d) })
		})
	}
}

// Those in testdata/static are of a kubelet that has static pods. UIDs that follow from files are told as "static-N".
func TestStaticStories(t *testing.T) {
	cfg := Defaults
	cfg.OneByOne, cfg.Manifests = true, "/manifests"
	datadriven.Walk(t, "testdata/static", func(t *testing.T, path string) {
		w := newWorldOf(cfg)
		w.settle()
		w.take()
		var uids []string
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return staticUID.ReplaceAllStringFunc(w.run(t, d), func(uid string) string {
				if !slices.Contains(uids, uid) {
					uids = append(uids, uid)
				}
				return fmt.Sprintf("static-%d", slices.Index(uids, uid)+1)
			})
		})
	})
}

var staticUID = regexp.MustCompile("[0-9a-f]{32}")

func (w *world) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "pod": // a pod is bound to the node; the input is its manifest without what goes without saying
		w.put("pods", podFrom(t, d.Input))
		w.settle()
	case "file": // file NAME: one is written; the input is its content. withdraw NAME: it is removed
		if w.files == nil {
			w.files = map[string]string{}
		}
		w.files[d.CmdArgs[0].Key] = d.Input
		w.ask()
	case "withdraw":
		delete(w.files, d.CmdArgs[0].Key)
		w.ask()
	case "api": // api away|deaf|back: nothing comes of it; its watches go on, and it is asked in vain; all is well
		w.silent, w.deaf, w.told = d.CmdArgs[0].Key == "away", d.CmdArgs[0].Key == "deaf", 0
	case "configmap":
		var cm corev1.ConfigMap
		require.NoError(t, yaml.UnmarshalStrict([]byte(d.Input), &cm))
		cm.Namespace = "default"
		w.put("configmaps", &cm)
		w.settle()
	case "secret":
		var secret corev1.Secret
		require.NoError(t, yaml.UnmarshalStrict([]byte(d.Input), &secret))
		secret.Namespace = "default"
		w.put("secrets", &secret)
		w.settle()
	case "image": // image POD CONTAINER IMAGE: a user gives a container another image
		w.change(d.CmdArgs[0].Key, func(pod *corev1.Pod) {
			pod.Generation++
			for i := range pod.Spec.Containers {
				if c := &pod.Spec.Containers[i]; c.Name == d.CmdArgs[1].Key {
					c.Image = d.CmdArgs[2].Key
				}
			}
		})
	case "condition": // condition POD TYPE STATUS: someone sets a condition of a pod
		w.change(d.CmdArgs[0].Key, func(pod *corev1.Pod) {
			kind, status := corev1.PodConditionType(d.CmdArgs[1].Key), corev1.ConditionStatus(d.CmdArgs[2].Key)
			pod.Status.Conditions = slices.DeleteFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
			pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: kind, Status: status})
		})
	case "kill", "lose": // a process or sandbox is killed from outside; the runtime cannot tell what became of a container
		map[string]func(string){"kill": w.machine.Kill, "lose": w.machine.Lose}[d.Cmd](d.CmdArgs[0].Key)
		w.relist()
	case "vanish": // vanish ID: a container is killed, and its record removed before the kubelet looks
		w.machine.Kill(d.CmdArgs[0].Key)
		w.machine.Collect(d.CmdArgs[0].Key)
		w.relist()
	case "land": // land POD CONTAINER ATTEMPT SANDBOX: a create that was given up is carried out after all; the kubelet has not seen it yet
		attempt, err := strconv.Atoi(d.CmdArgs[2].Key)
		require.NoError(t, err)
		p := newPass(&w.cfg, Input{Pod: w.pod(d.CmdArgs[0].Key)}, w.now)
		i := slices.IndexFunc(p.members, func(m *member) bool { return m.spec.Name == d.CmdArgs[1].Key })
		config, _, err := p.containerConfig(p.members[i], uint32(attempt), 0)
		require.NoError(t, err)
		_, err = w.machine.CreateContainer(t.Context(), d.CmdArgs[3].Key, config, nil)
		require.NoError(t, err)
	case "fault": // fault CALL N: the runtime refuses the Nth such call from now on
		name := d.CmdArgs[0].Key
		left, err := strconv.Atoi(d.CmdArgs[1].Key)
		require.NoError(t, err)
		w.machine.Fault = func(call string) (before, after error) {
			if call != name {
				return nil, nil
			}
			if left--; left != 0 {
				return nil, nil
			}
			return errors.New("no space left on device"), nil
		}
	case "pass": // pass 10s
		w.pass(duration(t, d.CmdArgs[0].Key))
	case "delete": // delete NAME grace=SECONDS
		grace := int64(30)
		d.MaybeScanArgs(t, "grace", &grace)
		w.remove(d.CmdArgs[0].Key, grace)
		w.settle()
	case "crash": // the kubelet dies and is started again; with before= or after= TEXT, when it is next at that effect
		var before, after string
		d.MaybeScanArgs(t, "before", &before)
		d.MaybeScanArgs(t, "after", &after)
		if before == "" && after == "" {
			w.boot()
			break
		}
		w.before = func(e control.Effect) (perform, crash bool) {
			name := fmt.Sprintf("%T", e.Other)
			switch {
			case before != "" && strings.HasSuffix(name, "."+before):
				w.before, w.steps = nil, append(w.steps, "-- crash before "+before)
				return false, true
			case after != "" && strings.HasSuffix(name, "."+after):
				w.before, w.steps = nil, append(w.steps, "-- crash after "+after)
				return true, true
			}
			return true, false
		}
		return "the kubelet will crash\n"
	case "down", "up": // the runtime stops answering, or answers again
		w.machine.SetDown(d.Cmd == "down")
		w.relist()
		w.settle()
	case "reboot": // power is lost and comes back; with before= TEXT, when the kubelet is next at that effect
		var before string
		d.MaybeScanArgs(t, "before", &before)
		if before == "" {
			w.machine.Reboot()
			w.boot()
			break
		}
		w.before = func(e control.Effect) (perform, crash bool) {
			if !strings.HasSuffix(fmt.Sprintf("%T", e.Other), "."+before) {
				return true, false
			}
			w.before, w.steps = nil, append(w.steps, "-- reboot before "+before)
			w.machine.Reboot()
			return false, true
		}
		return "power will be lost\n"
	case "exec": // exec CODE: what commands in containers, that is probes and hooks, end with from now on
		code, err := strconv.Atoi(d.CmdArgs[0].Key)
		require.NoError(t, err)
		w.machine.Command = func(runtime.Container, []string) (runtime.ExecResult, error) {
			return runtime.ExecResult{Output: []byte("no\n"), ExitCode: int32(code)}, nil
		}
	case "tokens": // tokens refused|issued: from now on
		if w.refuses = nil; d.CmdArgs[0].Key == "refused" {
			w.refuses = errors.New("the API server is away")
		}
	case "collect": // someone removes the records of all exited containers
		pods, err := w.machine.List(t.Context())
		require.NoError(t, err)
		for _, p := range pods {
			for _, c := range p.Containers {
				w.machine.Collect(c.ID)
			}
		}
		w.relist()
	case "events":
		notes := w.notes
		w.notes = nil
		return strings.Join(notes, "\n") + "\n"
	default:
		d.Fatalf(t, "unknown command %q", d.Cmd)
	}
	w.settle()
	return w.take()
}

func duration(t *testing.T, text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

// podFrom reads a manifest: containers have the image "img" unless they say otherwise.
func podFrom(t require.TestingT, manifest string) *corev1.Pod {
	var pod corev1.Pod
	require.NoError(t, yaml.UnmarshalStrict([]byte(manifest), &pod))
	if pod.Name == "" {
		pod.Name = "web"
	}
	pod.Namespace, pod.Generation, pod.Spec.NodeName, pod.Status.Phase = "default", 1, "n1", corev1.PodPending
	if pod.Spec.RestartPolicy == "" {
		pod.Spec.RestartPolicy = corev1.RestartPolicyAlways
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if list[i].Image == "" {
				list[i].Image = "img"
			}
			if list[i].ImagePullPolicy == "" {
				list[i].ImagePullPolicy = corev1.PullIfNotPresent
			}
		}
	}
	return &pod
}
