package world

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// readerPod is a pod that says who it is only by the name of its account.
const readerPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q},"spec":{"serviceAccountName":"reader",
"containers":[{"name":"web","image":"local/web:1"}]}}`

const accountFiles = "/var/run/secrets/kubernetes.io/serviceaccount/"

// Goal: in a pod the mounted token lists pods as RBAC allows, is refused otherwise, and is refused after its account is deleted, as it is after
// its pod is. Method: a program in the pod asks an API server with what it finds mounted, first without any right, then with a role, then without
// its account, then with another account of that name.
// It finds the API server as any program in a pod does, by the service kubernetes.
func TestTokenInPod(t *testing.T) {
	c := up(t, "--workers", "1")
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(t, err)
	c.kubectl("create", "serviceaccount", "reader")
	c.kubectl("create", "role", "pods", "--verb=get,list", "--resource=pods")
	for _, name := range []string{"here", "gone"} {
		c.write(name+".yaml", fmt.Sprintf(readerPod, name))
		c.kubectl("create", "-f", name+".yaml")
		c.kubectl("wait", "--for=condition=Ready", "pod/"+name, "--timeout=30s")
	}
	pods, others := "/api/v1/namespaces/default/pods", "/api/v1/namespaces/kube-system/pods"

	require.Equal(t, "default", c.kubectl("exec", "here", "--", "cat", accountFiles+"namespace"))
	require.Equal(t, string(config.CAData), c.kubectl("exec", "here", "--", "cat", accountFiles+"ca.crt"))
	token := c.kubectl("exec", "here", "--", "cat", accountFiles+"token")
	claims := claimsOf(t, token)
	require.Equal(t, "system:serviceaccount:default:reader", claims.Subject)
	require.Equal(t, "here", claims.Kubernetes.Pod.Name)
	require.Equal(t, c.kubectl("get", "pod", "here", "-o", "jsonpath={.metadata.uid}"), claims.Kubernetes.Pod.UID)

	refused := `pods is forbidden: User \"system:serviceaccount:default:reader\" cannot list resource \"pods\" in API group \"\" in the namespace \"%s\"`
	status, answer := c.ask("here", pods)
	require.Equal(t, "403 Forbidden", status)
	require.Contains(t, answer, fmt.Sprintf(refused, "default"), "before there is a role")
	c.kubectl("create", "rolebinding", "readers", "--role=pods", "--serviceaccount=default:reader")
	c.await(func() (bool, string) { // an API server learns of it by watching
		status, answer = c.ask("here", pods)
		return status == "200 OK", status + answer
	})
	var list corev1.PodList
	require.NoError(t, json.Unmarshal([]byte(answer), &list))
	require.Len(t, list.Items, 2)
	status, answer = c.ask("here", others)
	require.Equal(t, "403 Forbidden", status)
	require.Contains(t, answer, fmt.Sprintf(refused, "kube-system"), "the role is of another namespace")

	// A token ends with its pod, and others of the same account go on.
	orphan := c.kubectl("exec", "gone", "--", "cat", accountFiles+"token")
	require.Equal(t, http.StatusOK, c.as(orphan, pods))
	c.kubectl("delete", "pod", "gone", "--wait")
	c.awaitCode(orphan, pods, http.StatusUnauthorized)
	status, _ = c.ask("here", pods)
	require.Equal(t, "200 OK", status)

	// And with its account: one that has the same name is another.
	c.kubectl("delete", "serviceaccount", "reader")
	c.await(func() (bool, string) {
		status, answer = c.ask("here", pods)
		return status == "401 Unauthorized", status + answer
	})
	c.kubectl("create", "serviceaccount", "reader")
	// The role is the new account's, too: whoever has a token of it may list.
	c.awaitCode(strings.TrimSpace(c.kubectl("create", "token", "reader")), pods, http.StatusOK)
	require.Equal(t, http.StatusUnauthorized, c.as(token, pods), "a token of the account that had the name before")
}

// ask is what a program in a pod is answered: the status in words, and the rest.
func (c *cluster) ask(pod, path string) (status, answer string) {
	c.t.Helper()
	status, answer, _ = strings.Cut(c.kubectl("exec", pod, "--", "api", "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"+path), "\n")
	return status, answer
}

// as is the status that somebody is answered who has the token and nothing else.
func (c *cluster) as(token, path string) int {
	c.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	require.NoError(c.t, err)
	config.CertData, config.KeyData, config.BearerToken = nil, nil, token
	var code int
	kubernetes.NewForConfigOrDie(config).CoreV1().RESTClient().Get().AbsPath(path).Do(c.bounded()).StatusCode(&code)
	return code
}

func (c *cluster) awaitCode(token, path string, want int) {
	c.t.Helper()
	c.await(func() (bool, string) {
		code := c.as(token, path)
		return code == want, fmt.Sprintf("%d instead of %d", code, want)
	})
}

// claims are those of a service account's token.
type claims struct {
	Subject    string `json:"sub"`
	Kubernetes struct {
		Pod struct{ Name, UID string }
	} `json:"kubernetes.io"`
}

func claimsOf(t *testing.T, token string) (is claims) {
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &is))
	return is
}
