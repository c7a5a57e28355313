package rbac_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/auth/rbac/validation"
	"pgregory.net/rapid"

	"orrery/impl/api"
	"orrery/impl/apiserver/rbac"
	"orrery/impl/apiserver/user"
)

func rule(verbs, groups, resources string, names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: strings.Fields(verbs), APIGroups: strings.Split(groups, " "), Resources: strings.Fields(resources), ResourceNames: names}
}

func clusterRole(name string, rules ...rbacv1.PolicyRule) *rbacv1.ClusterRole {
	return &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
}

func role(namespace, name string, rules ...rbacv1.PolicyRule) *rbacv1.Role {
	return &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Rules: rules}
}

func everywhere(role string, subjects ...rbacv1.Subject) *rbacv1.ClusterRoleBinding {
	return &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "all-" + role}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}}
}

func in(namespace, kind, role string, subjects ...rbacv1.Subject) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "the-" + role}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: kind, Name: role}}
}

func who(kind, name, namespace string) rbacv1.Subject {
	return rbacv1.Subject{Kind: kind, Name: name, Namespace: namespace}
}

func jane() rbacv1.Subject { return who("User", "jane", "") }

// ask reads "VERB GROUP/RESOURCE[/SUBRESOURCE] [NAMESPACE/[NAME]]", a group "core" being the empty one, or "VERB /PATH".
func ask(text string) rbac.Attributes {
	words := append(strings.Fields(text), "")
	a := rbac.Attributes{Verb: words[0]}
	if strings.HasPrefix(words[1], "/") {
		a.Path = words[1]
		return a
	}
	what := append(strings.SplitN(words[1], "/", 3), "")
	a.Group, a.Resource, a.Subresource = strings.TrimSuffix(what[0], "core"), what[1], what[2]
	a.Namespace, a.Name, _ = strings.Cut(words[2], "/")
	return a
}

// Goal: rules match what upstream's match, and nothing else. Method: one rule and one request a line.
func TestMatch(t *testing.T) {
	urls := func(paths ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: paths}
	}
	for _, c := range []struct {
		name string
		rule rbacv1.PolicyRule
		ask  string
		want bool
	}{
		{"as it stands", rule("get list", "", "pods"), "list core/pods d/", true},
		{"another verb", rule("get list", "", "pods"), "watch core/pods d/", false},
		{"every verb", rule("*", "", "pods"), "frob core/pods d/", true},
		{"another group", rule("get", "", "pods"), "get apps/pods d/p", false},
		{"one of the groups", rule("get", "apps ", "pods"), "get core/pods d/p", true},
		{"every group", rule("get", "*", "pods"), "get apps/pods d/p", true},
		{"another resource", rule("get", "", "pods"), "get core/secrets d/p", false},
		{"the resource is not its subresource", rule("get", "", "pods"), "get core/pods/log d/p", false},
		{"nor is the subresource the resource", rule("get", "", "pods/log"), "get core/pods d/p", false},
		{"the subresource", rule("get", "", "pods/log"), "get core/pods/log d/p", true},
		{"the subresource of every resource", rule("update", "apps", "*/scale"), "update apps/replicasets/scale d/r", true},
		{"of every resource, another", rule("update", "apps", "*/scale"), "update apps/replicasets/status d/r", false},
		{"of every resource, none", rule("update", "apps", "*/scale"), "update apps/replicasets d/r", false},
		{"every subresource of one is no pattern", rule("get", "", "pods/*"), "get core/pods/log d/p", false},
		{"everything", rule("get", "", "*"), "get core/pods/log d/p", true},
		{"the name", rule("get", "", "pods", "p", "q"), "get core/pods d/q", true},
		{"another name", rule("get", "", "pods", "p"), "get core/pods d/q", false},
		{"names, and a request without one", rule("create", "", "pods", "p"), "create core/pods d/", false},
		{"names are no patterns", rule("get", "", "pods", "*"), "get core/pods d/q", false},
		{"no verb", rule("", "", "pods"), "get core/pods d/p", false},
		{"a path", urls("/healthz"), "get /healthz", true},
		{"a path, by another verb", urls("/healthz"), "post /healthz", false},
		{"a path below", urls("/healthz"), "get /healthz/ping", false},
		{"all paths below", urls("/healthz/*"), "get /healthz/ping", true},
		{"not the path itself", urls("/healthz/*"), "get /healthz", false},
		{"all that begin so", urls("/healthz*"), "get /healthzzz", true},
		{"every path", urls("*"), "get /x", true},
		{"a star within is no pattern", urls("/a/*/b"), "get /a/x/b", false},
		{"paths are no resources", urls("*"), "get core/pods d/p", false},
		{"resources are no paths", rule("get", "*", "*"), "get /healthz", false},
	} {
		require.Equal(t, c.want, rbac.Match(&c.rule, ask(c.ask)), c.name)
	}
}

// Goal: bindings give their role's rules to their subjects where they are, and nothing else is allowed. Method: a small world, and who asks
// for what, with the reason.
func TestAllowed(t *testing.T) {
	gathers := func(name, label string, labels ...string) *rbacv1.ClusterRole {
		r := clusterRole(name, rule("get", "", "never"))
		r.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{label: "true"}}}}
		r.Labels = map[string]string{}
		for _, l := range labels {
			r.Labels[l] = "true"
		}
		return r
	}
	labeled := clusterRole("part", rule("get", "", "gathered"))
	labeled.Labels = map[string]string{"inner": "true"}
	world := rbac.Objects{
		clusterRole("nodes", rule("get", "", "nodes")), clusterRole("pods", rule("get", "", "pods")),
		role("d", "secrets", rule("get", "", "secrets")), role("e", "secrets", rule("delete", "", "secrets")),
		gathers("outer", "to-outer", "inner"), gathers("inner", "inner", "to-outer"), labeled,
		everywhere("nodes", who("Group", "people", "")),
		everywhere("gone", who("User", "lost", "")),
		everywhere("outer", who("User", "gatherer", "")),
		everywhere("pods", who("ServiceAccount", "robot", "d"), who("ServiceAccount", "homeless", "")),
		in("d", "ClusterRole", "pods", jane()),
		in("d", "Role", "secrets", who("ServiceAccount", "robot", ""), who("Pod", "jane", "")),
		in("e", "Role", "gone", who("User", "lost", "")),
	}
	for _, c := range []struct {
		user   string
		groups string
		ask    string
		want   bool
		reason string
	}{
		{"jane", "", "get core/pods d/p", true, `RBAC: allowed by RoleBinding "the-pods/d" of ClusterRole "pods" to User "jane"`},
		{"jane", "", "get core/pods e/p", false, ""},
		{"jane", "", "get core/pods", false, ""},
		{"joe", "", "get core/pods d/p", false, ""},
		{"jane", "", "get core/secrets d/s", false, ""},
		{"jane", "people", "get core/nodes /n", true, `RBAC: allowed by ClusterRoleBinding "all-nodes" of ClusterRole "nodes" to Group "people"`},
		{"jane", "people", "delete core/nodes /n", false, ""},
		{"people", "", "get core/nodes /n", false, ""},
		{"x", "jane", "get core/pods d/p", false, ""},
		{"system:serviceaccount:d:robot", "", "get core/secrets d/s", true, `RBAC: allowed by RoleBinding "the-secrets/d" of Role "secrets" to ServiceAccount "robot/d"`},
		{"system:serviceaccount:d:robot", "", "get core/pods e/p", true, `RBAC: allowed by ClusterRoleBinding "all-pods" of ClusterRole "pods" to ServiceAccount "robot/d"`},
		{"system:serviceaccount:e:robot", "", "get core/secrets d/s", false, ""},
		{"robot", "", "get core/secrets d/s", false, ""},
		{"system:serviceaccount::homeless", "", "get core/pods d/p", false, ""},
		{"system:serviceaccount:d:robot", "", "delete core/secrets e/s", false, ""},
		{"gatherer", "", "get core/gathered", true, `RBAC: allowed by ClusterRoleBinding "all-outer" of ClusterRole "outer" to User "gatherer"`},
		{"gatherer", "", "get core/never", false, ""},
		{"lost", "", "get core/pods e/p", false, `RBAC: [clusterrole.rbac.authorization.k8s.io "gone" not found, role.rbac.authorization.k8s.io "gone" not found]`},
		{"lost", "", "get core/pods d/p", false, `RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found`},
		{"root", "system:masters", "frob any/thing x/y", true, ""},
		{"root", "system:masters", "delete /x", true, ""},
		{"", "", "get core/pods d/p", false, ""},
	} {
		u := user.Info{Name: c.user, Groups: strings.Fields(c.groups)}
		allowed, reason := rbac.Allowed(u, ask(c.ask), world, world)
		require.Equal(t, c.want, allowed, "%s: %s", c.user, c.ask)
		require.Equal(t, c.reason, reason, "%s: %s", c.user, c.ask)
	}
}

func TestForbidden(t *testing.T) {
	for text, want := range map[string]string{
		"list core/pods default/":      `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"`,
		"get core/pods/log default/p":  `pods "p" is forbidden: User "x" cannot get resource "pods/log" in API group "" in the namespace "default"`,
		"delete core/nodes /n":         `nodes "n" is forbidden: User "x" cannot delete resource "nodes" in API group "" at the cluster scope`,
		"update apps/replicasets d/r":  `replicasets.apps "r" is forbidden: User "x" cannot update resource "replicasets" in API group "apps" in the namespace "d"`,
		"get /metrics":                 `forbidden: User "x" cannot get path "/metrics"`,
		"get /<script>":                `forbidden: User "x" cannot get path "/&lt;script&gt;"`,
		"deletecollection core/pods d": `pods is forbidden: User "x" cannot deletecollection resource "pods" in API group "" in the namespace "d"`,
	} {
		err := rbac.Forbidden(user.Info{Name: "x"}, ask(text), "")
		require.EqualError(t, err, want)
		require.True(t, apierrors.IsForbidden(err))
		require.EqualValues(t, 403, err.Status().Code)
		require.EqualError(t, rbac.Forbidden(user.Info{Name: "x"}, ask(text), "RBAC: <why>"), want+": RBAC: <why>")
	}
}

var (
	verbs     = []string{"get", "list", "create", "escalate", "bind", "*"}
	groups    = []string{"", "apps", rbacv1.GroupName, "*"}
	resources = []string{"pods", "pods/log", "replicasets/scale", "*/scale", "roles", "*"}
	names     = []string{"a", "b"}
	urls      = []string{"/healthz", "/api/*", "/api/v1", "*"}
)

func some(t *rapid.T, from []string, what string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 1, 2, rapid.ID[string]).Draw(t, what)
}

func drawRule(t *rapid.T) rbacv1.PolicyRule {
	r := rbacv1.PolicyRule{Verbs: some(t, verbs, "verbs")}
	if rapid.IntRange(0, 4).Draw(t, "kind of rule") == 0 {
		r.NonResourceURLs = some(t, urls, "paths")
		return r
	}
	r.APIGroups, r.Resources = some(t, groups, "groups"), some(t, resources, "resources")
	if rapid.Bool().Draw(t, "names") {
		r.ResourceNames = some(t, names, "names")
	}
	return r
}

func drawRules(t *rapid.T) []rbacv1.PolicyRule {
	return rapid.SliceOfN(rapid.Custom(drawRule), 0, 4).Draw(t, "rules")
}

// drawAsk asks for something that no pattern stands in.
func drawAsk(t *rapid.T) rbac.Attributes {
	plain := func(from []string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(s string) bool { return strings.Contains(s, "*") })
	}
	a := rbac.Attributes{Verb: rapid.SampledFrom(plain(verbs)).Draw(t, "verb")}
	if rapid.IntRange(0, 4).Draw(t, "kind of request") == 0 {
		a.Path = rapid.SampledFrom(plain(urls)).Draw(t, "path")
		return a
	}
	a.Group = rapid.SampledFrom(plain(groups)).Draw(t, "group")
	a.Resource, a.Subresource, _ = strings.Cut(rapid.SampledFrom(plain(resources)).Draw(t, "resource"), "/")
	a.Namespace = rapid.SampledFrom([]string{"", "d", "e"}).Draw(t, "namespace")
	a.Name = rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "name")
	return a
}

// Goal: we and upstream's library agree on what rules allow. Method: a request is a rule of one verb, resource and name, which the rules cover
// if they allow it.
func TestMatchIsUpstreams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, a := drawRules(t), drawAsk(t)
		asked := rbacv1.PolicyRule{Verbs: []string{a.Verb}}
		if a.Path != "" {
			asked.NonResourceURLs = []string{a.Path}
		} else {
			asked.APIGroups = []string{a.Group}
			asked.Resources = []string{strings.TrimSuffix(a.Resource+"/"+a.Subresource, "/")}
			if a.Name != "" {
				asked.ResourceNames = []string{a.Name}
			}
		}
		want, _ := validation.Covers(rules, []rbacv1.PolicyRule{asked})
		got := slices.ContainsFunc(rules, func(r rbacv1.PolicyRule) bool { return rbac.Match(&r, a) })
		require.Equal(t, want, got, "%v of %v", a, rules)
	})
}

// drawWorld is a few roles, some of which are bound to somebody.
func drawWorld(t *rapid.T) rbac.Objects {
	var all rbac.Objects
	for i := range rapid.IntRange(0, 4).Draw(t, "cluster roles") {
		r := clusterRole(fmt.Sprint("c", i), drawRules(t)...)
		if rapid.IntRange(0, 3).Draw(t, "gathers") == 0 {
			r.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{MatchLabels: map[string]string{"l": "x"}}}}
		}
		if rapid.Bool().Draw(t, "labeled") {
			r.Labels = map[string]string{"l": "x"}
		}
		all = append(all, r)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "roles") {
		all = append(all, role("d", fmt.Sprint("r", i), drawRules(t)...))
	}
	for range rapid.IntRange(0, 4).Draw(t, "bindings") {
		all = append(all, drawBinding(t))
	}
	return all
}

var subjects = []rbacv1.Subject{jane(), who("User", "joe", ""), who("Group", "people", ""), who("ServiceAccount", "robot", "d"), who("ServiceAccount", "robot", "")}

func drawBinding(t *rapid.T) api.Object {
	s := rapid.SliceOfN(rapid.SampledFrom(subjects), 0, 2).Draw(t, "subjects")
	named := fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "number"))
	switch rapid.IntRange(0, 2).Draw(t, "kind of binding") {
	case 0:
		return everywhere("c"+named, s...)
	case 1:
		return in("d", "ClusterRole", "c"+named, s...)
	}
	return in("d", "Role", "r"+named, s...)
}

func drawUser(t *rapid.T) user.Info {
	return user.Info{
		Name:   rapid.SampledFrom([]string{"jane", "joe", "stranger", "system:serviceaccount:d:robot"}).Draw(t, "user"),
		Groups: rapid.SliceOfN(rapid.SampledFrom([]string{"people", "others"}), 0, 2).Draw(t, "groups"),
	}
}

// Goal: a binding more, or a role more, never takes anything away. Method: random worlds, and everything asked before and after.
func TestMoreBindingsAllowMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		world, u, a := drawWorld(t), drawUser(t), drawAsk(t)
		before, _ := rbac.Allowed(u, a, world, world)
		more := append(slices.Clone(world), drawBinding(t), clusterRole("c9", drawRules(t)...))
		after, _ := rbac.Allowed(u, a, more, more)
		require.False(t, before && !after)
		none := rbac.Objects(slices.DeleteFunc(slices.Clone(world), func(o api.Object) bool {
			_, isRole := o.(*rbacv1.Role)
			_, isClusterRole := o.(*rbacv1.ClusterRole)
			return !isRole && !isClusterRole
		}))
		nothing, _ := rbac.Allowed(u, a, none, none)
		require.False(t, nothing, "allowed without a binding")
	})
}

// Goal: whoever may write a role or binding gets nothing by it that he had not, unless he may escalate or bind. Method: random grants that
// pass; then whatever is asked by anybody whom they concern was allowed to who granted it.
func TestNobodyGrantsWhatHeHasNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		world := append(drawWorld(t), everywhere("c0", jane()))
		u := user.Info{Name: "jane"}
		no := func(user.Info, rbac.Attributes) bool { return false }
		var granted api.Object
		switch rapid.IntRange(0, 2).Draw(t, "what") {
		case 0:
			granted = drawBinding(t)
		case 1:
			granted = clusterRole("c1", drawRules(t)...)
		case 2:
			granted = role("d", "r0", drawRules(t)...)
		}
		if rbac.Grant(u, granted, nil, no, world, world) != nil {
			return
		}
		a := drawAsk(t)
		after := slices.Clone(world)
		for i, obj := range after { // what is written replaces what was there
			_, isBinding := granted.(*rbacv1.RoleBinding)
			_, isClusterBinding := granted.(*rbacv1.ClusterRoleBinding)
			if !isBinding && !isClusterBinding && obj.GetName() == granted.GetName() {
				after[i] = granted
			}
		}
		after = append(after, granted)
		for _, other := range []user.Info{{Name: "joe"}, {Name: "x", Groups: []string{"people"}}, {Name: "system:serviceaccount:d:robot"}, u} {
			before, _ := rbac.Allowed(other, a, world, world)
			now, _ := rbac.Allowed(other, a, after, after)
			held, _ := rbac.Allowed(u, a, world, world)
			require.False(t, now && !before && !held, "%v of %v", a, granted)
		}
	})
}

// Goal: upstream's words and codes where a grant is refused. Method: a table of what jane, who reads pods, wants to write.
func TestGrant(t *testing.T) {
	world := rbac.Objects{
		clusterRole("pods", rule("get list", "", "pods")), clusterRole("all", rule("*", "*", "*")), role("d", "secrets", rule("get", "", "secrets")),
		everywhere("pods", jane()),
	}
	gathering := clusterRole("g")
	gathering.AggregationRule = &rbacv1.AggregationRule{ClusterRoleSelectors: []metav1.LabelSelector{{}}}
	owned := role("d", "mine", rule("delete", "", "pods"))
	owned.OwnerReferences = []metav1.OwnerReference{{Name: "o", UID: "u"}}
	const groups = `user "jane" (groups=["people"]) is attempting to grant RBAC permissions not currently held:` + "\n"
	for _, c := range []struct {
		name string
		obj  api.Object
		old  api.Object
		may  string // what else she is allowed
		err  string
	}{
		{name: "what she has", obj: clusterRole("x", rule("get", "", "pods"))},
		{name: "what she has, of one name", obj: role("d", "x", rule("get", "", "pods", "p"))},
		{name: "more", obj: clusterRole("x", rule("get delete create", "", "pods"), rule("get", "", "secrets", "s")),
			err: `clusterroles.rbac.authorization.k8s.io "x" is forbidden: ` + groups +
				`{APIGroups:[""], Resources:["pods"], Verbs:["delete" "create"]}` + "\n" + `{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}`},
		{name: "paths", obj: clusterRole("x", rbacv1.PolicyRule{Verbs: []string{"get"}, NonResourceURLs: []string{"/m"}}),
			err: `clusterroles.rbac.authorization.k8s.io "x" is forbidden: ` + groups + `{NonResourceURLs:["/m"], Verbs:["get"]}`},
		{name: "more, escalating", obj: clusterRole("x", rule("delete", "", "pods")), may: "escalate clusterroles /x"},
		{name: "more, escalating another", obj: role("d", "x", rule("delete", "", "pods")), may: "escalate clusterroles /x",
			err: `roles.rbac.authorization.k8s.io "x" is forbidden: ` + groups + `{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`},
		{name: "gathering", obj: gathering, err: `clusterroles.rbac.authorization.k8s.io "g" is forbidden: must have cluster-admin privileges to use the aggregationRule`},
		{name: "no more gathering", obj: clusterRole("g"), old: gathering,
			err: `clusterroles.rbac.authorization.k8s.io "g" is forbidden: must have cluster-admin privileges to use the aggregationRule`},
		{name: "the role that she has", obj: in("d", "ClusterRole", "pods", who("User", "joe", ""))},
		{name: "another role", obj: in("d", "Role", "secrets", jane()),
			err: `rolebindings.rbac.authorization.k8s.io "the-secrets" is forbidden: ` + groups + `{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`},
		{name: "another role, binding", obj: in("d", "Role", "secrets", jane()), may: "bind roles d/secrets"},
		{name: "every right", obj: everywhere("all", jane()),
			err: `clusterrolebindings.rbac.authorization.k8s.io "all-all" is forbidden: ` + groups + `{APIGroups:["*"], Resources:["*"], Verbs:["*"]}`},
		{name: "no such role", obj: everywhere("gone", jane()), err: `clusterrole.rbac.authorization.k8s.io "gone" not found`},
		{name: "collected", obj: owned, old: role("d", "mine", rule("delete", "", "pods"))},
		{name: "changed and collected", obj: owned, old: role("d", "mine", rule("get", "", "pods")),
			err: `roles.rbac.authorization.k8s.io "mine" is forbidden: ` + groups + `{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`},
		{name: "no role at all", obj: &rbacv1.ClusterRoleBinding{RoleRef: rbacv1.RoleRef{Kind: "Pod"}}, err: `unsupported role reference kind: "Pod"`},
	} {
		authorize := func(_ user.Info, a rbac.Attributes) bool {
			return c.may == fmt.Sprintf("%s %s %s/%s", a.Verb, a.Resource, a.Namespace, a.Name)
		}
		err := rbac.Grant(user.Info{Name: "jane", Groups: []string{"people"}}, c.obj, c.old, authorize, world, world)
		if c.err == "" {
			require.NoError(t, err, c.name)
		} else {
			require.EqualError(t, err, c.err, c.name)
		}
		require.NoError(t, rbac.Grant(user.Info{Name: "root", Groups: []string{user.Masters}}, c.obj, c.old, authorize, world, world), c.name)
	}
}
