package command

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"orrery/impl/apiserver/pki"
)

// Goal: stock kubectl hears what it may, and does it. Method: kubectl as the administrator, who gives rights away, as somebody who has none at
// first, and as a kubelet, against a server over the store in memory.
func TestKubectlIsAuthorized(t *testing.T) {
	c := newCluster(t)
	c.authorize = byRules
	c.start()
	as := func(subject pki.Subject) func(args string) string {
		name := strings.ReplaceAll(subject.User, ":", "-")
		path := filepath.Join(c.home, name+".conf")
		require.NoError(t, c.authority.Kubeconfig(path, name, subject, pki.Cluster{Name: "test", Server: "https://" + c.address}))
		return func(args string) string {
			admin := c.kubeconfig
			defer func() { c.kubeconfig = admin }()
			c.kubeconfig = path
			out, _ := c.kubectl("", strings.Fields(args)...)
			return out
		}
	}
	admin, jane, node := as(pki.Admin), as(pki.Subject{User: "jane", Client: true}), as(pki.Node("n1"))
	require.Contains(t, admin("get clusterrolebindings"), "cluster-admin")
	require.Contains(t, admin("create configmap c --from-literal=a=b"), "created")
	require.Contains(t, admin("auth can-i * *"), "yes")

	require.Contains(t, jane("get pods"), `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"`)
	require.Contains(t, jane("auth can-i list pods"), "no")
	require.Contains(t, jane("auth can-i --list"), "selfsubjectaccessreviews.authorization.k8s.io")
	require.NotContains(t, jane("auth can-i --list"), "configmaps")
	require.Contains(t, jane("api-resources"), "clusterrolebindings")

	require.Contains(t, admin("create rolebinding jane --clusterrole=admin --user=jane"), "created")
	require.Eventually(t, func() bool { return strings.Contains(jane("auth can-i get configmaps"), "yes") }, 10*time.Second, 5*time.Millisecond)
	require.Contains(t, jane("get configmap c"), "c      1")
	require.Contains(t, jane("get configmap c -n kube-system"), "forbidden")
	require.Contains(t, jane("create role r --verb=get --resource=pods"), "created")
	require.Contains(t, jane("create role more --verb=get --resource=nodes"), `user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:`)
	require.Contains(t, jane("create rolebinding more --clusterrole=cluster-admin --user=jane"), "is attempting to grant")
	require.Contains(t, jane("create rolebinding r --role=r --user=joe"), "created")
	require.Contains(t, jane("get rolebindings -o wide"), "ClusterRole/admin")

	require.Contains(t, admin("auth can-i get nodes --as jane"), "no")
	require.Contains(t, admin("auth can-i get configmaps --as jane"), "yes")
	require.Contains(t, admin("auth whoami --as jane --as-group devs"), "devs")
	require.Contains(t, admin("get nodes --as jane"), `nodes is forbidden: User "jane" cannot list resource "nodes"`)
	require.Contains(t, admin("auth can-i --as system:serviceaccount:default:default get pods"), "no")
	require.Contains(t, jane("get configmap c --as admin"), `users "admin" is forbidden: User "jane" cannot impersonate resource "users" in API group "" at the cluster scope`)

	require.Contains(t, node("get configmap c"), `configmaps "c" is forbidden: User "system:node:n1" cannot get resource "configmaps" in API group "" in the namespace "default": no relationship found between node 'n1' and this object`)
	require.Contains(t, node("get nodes"), `node 'n1' cannot read all nodes, only its own Node object`)
	require.Contains(t, node("get node n1"), `nodes "n1" not found`)
	require.Contains(t, node("auth can-i --list"), "node authorizer does not support user rule resolution")
}
