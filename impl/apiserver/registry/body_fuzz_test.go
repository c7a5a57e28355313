package registry_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"
	kjson "sigs.k8s.io/json"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
)

// FuzzBody creates objects of every kind from arbitrary documents. Goal: whatever a user sends is refused with a Status or
// becomes an object that is valid, has its defaults, survives being stored, and that an update with itself leaves alone.
// Method: create, encode, decode, update.
func FuzzBody(f *testing.F) {
	for _, body := range []string{
		`{}`, `{"metadata":{"name":"x"}}`, `{"metadata":{"name":"x","finalizers":["a/b"],"labels":{"a":"b"}},"data":{"a":"Yg=="}}`,
		`{"metadata":{"name":"x"},"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}],"volumes":[{"name":"v"}]}}`,
		`{"metadata":{"name":"x"},"spec":{"replicas":2,"selector":{"a":"b"},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`,
		`{"metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`,
		`{"metadata":{"name":"x"},"spec":{"type":"LoadBalancer","sessionAffinity":"ClientIP","ports":[{"port":80}],"clusterIP":"10.0.0.1"}}`,
		`{"metadata":{"name":"x"},"addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"hints":{"forZones":[{"name":"z"}]}}],"ports":[{"port":80}]}`,
		`{"metadata":{"name":"x"},"subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}]}`,
		`{"metadata":{"name":"x"},"status":{"capacity":{"cpu":"1"}},"spec":{"podCIDR":"10.0.0.0/24","taints":[{"key":"k","effect":"NoExecute"}]}}`,
		`{"metadata":{"name":"x"},"involvedObject":{"namespace":"ns"},"eventTime":"2030-01-01T00:00:00.000000Z","action":"a","reason":"r","reportingComponent":"c","reportingInstance":"i"}`,
		`{"metadata":{"name":"x"},"type":"kubernetes.io/tls","stringData":{"tls.crt":"","tls.key":""},"immutable":true}`,
		`{"metadata":{"name":"x"},"spec":{"nodeName":"n","hostNetwork":true,"schedulingGates":[{"name":"g"}],"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1.0001m"}},"livenessProbe":{"grpc":{"port":1}},"lifecycle":{"postStart":{"httpGet":{"port":"p"}}}}],"volumes":[{"name":"v","projected":{"sources":[{"serviceAccountToken":{"path":"p"}},{}]}}]}}`,
	} {
		for i := range api.Resources {
			f.Add([]byte(body), byte(i))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, kind byte) {
		r := api.Resources[int(kind)%len(api.Resources)]
		obj := r.New()
		if kjson.UnmarshalCaseSensitivePreserveInts(body, obj) != nil {
			return
		}
		req := api.Request{Verb: api.Create, Resource: r, Namespace: "ns", Object: obj}
		change, err := registry.Decide(nil, req, registry.Env{UID: types.UID("u"), Suffix: "abcde"})
		if err != nil {
			requireStatus(t, err)
			return
		}
		value, err := api.Encode(change.Object)
		require.NoError(t, err)
		stored, err := api.Decode(value, 7)
		require.NoError(t, err)
		again := stored.DeepCopyObject().(api.Object)
		registry.Default(again)
		require.JSONEq(t, string(document(t, stored)), string(document(t, again)), "defaults are idempotent")
		require.Empty(t, registry.Validate(stored), "what was stored is valid")

		update := api.Request{Verb: api.Update, Resource: r, Namespace: req.Namespace, Name: stored.GetName(), Object: stored}
		change, err = registry.Decide(stored, update, registry.Env{})
		require.NoError(t, err)
		require.Equal(t, registry.None, change.Action, "an update with what is stored")
	})
}
