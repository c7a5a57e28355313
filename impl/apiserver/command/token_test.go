package command

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Goal: stock kubectl gets a token, and who shows it is the account, until that is deleted. Method: kubectl against a server over the store in
// memory, once as the administrator and once with the token alone.
func TestKubectlCreatesTokens(t *testing.T) {
	c := newCluster(t)
	c.start()
	must := func(args string) string {
		out, err := c.kubectl("", strings.Fields(args)...)
		require.NoError(t, err, out)
		return out
	}
	require.Contains(t, must("auth whoami"), "kubernetes-admin")
	must("create serviceaccount robot")
	token := strings.TrimSpace(must("create token robot --duration 20m"))
	out, err := c.kubectl("", "create", "token", "robot", "--duration", "1m")
	require.Error(t, err)
	require.Contains(t, out, "may not specify a duration less than 10 minutes")

	config, err := clientcmd.LoadFromFile(c.kubeconfig)
	require.NoError(t, err)
	for _, context := range config.Contexts {
		context.AuthInfo = "robot"
	}
	config.AuthInfos = map[string]*clientcmdapi.AuthInfo{"robot": {Token: token}}
	require.NoError(t, clientcmd.WriteToFile(*config, c.kubeconfig+".robot"))
	text, err := os.ReadFile(c.kubeconfig + ".robot")
	require.NoError(t, err)
	require.NotContains(t, string(text), "client-key")
	admin := c.kubeconfig
	c.kubeconfig += ".robot"
	who := must("auth whoami")
	for _, want := range []string{"system:serviceaccount:default:robot", "system:serviceaccounts:default", "system:authenticated", "JTI="} {
		require.Contains(t, who, want)
	}
	robot := c.kubeconfig
	c.kubeconfig = admin
	must("delete serviceaccount robot")
	c.kubeconfig = robot
	out, err = c.kubectl("", "auth", "whoami")
	require.Error(t, err)
	require.Contains(t, out, "Unauthorized")
}
