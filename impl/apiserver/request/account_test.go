package request_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
	"orrery/impl/apiserver/registry"
	"orrery/impl/apiserver/request"
)

var serviceAccounts, _ = api.ByName("serviceaccounts")

// Goal: where new pods have accounts, each gets its own or the default one, and the volume with the token where nobody says otherwise; a pod whose
// account is not there is refused; and where they have none nothing is read. Method: a table, over a store in memory.
func TestAccountsOfPods(t *testing.T) {
	no, yes := false, true
	account := func(name string, automount *bool) *corev1.ServiceAccount {
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}, AutomountServiceAccountToken: automount,
			ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}}}
	}
	container := func(mounts ...corev1.VolumeMount) []corev1.Container {
		return []corev1.Container{{Name: "c", Image: "i", VolumeMounts: mounts}}
	}
	place := "/var/run/secrets/kubernetes.io/serviceaccount"
	for _, c := range []struct {
		name    string
		off     bool
		spec    corev1.PodSpec
		account string
		volume  string
		pull    int
		mirror  bool
		err     string
	}{
		{name: "off", off: true, spec: corev1.PodSpec{Containers: container()}},
		{name: "the default one", spec: corev1.PodSpec{Containers: container()}, account: "default", volume: "kube-api-access-", pull: 1},
		{name: "its own", spec: corev1.PodSpec{ServiceAccountName: "quiet", Containers: container()}, account: "quiet", pull: 1},
		{name: "as it was called", spec: corev1.PodSpec{DeprecatedServiceAccount: "quiet", Containers: container()}, account: "quiet", pull: 1},
		{name: "the pod goes first", spec: corev1.PodSpec{ServiceAccountName: "quiet", AutomountServiceAccountToken: &yes, Containers: container()}, account: "quiet", volume: "kube-api-access-", pull: 1},
		{name: "the pod does not want it", spec: corev1.PodSpec{AutomountServiceAccountToken: &no, Containers: container()}, account: "default", pull: 1},
		{name: "something is there", spec: corev1.PodSpec{Containers: container(corev1.VolumeMount{Name: "v", MountPath: place}),
			Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}}, account: "default", volume: "v", pull: 1},
		{name: "a volume of that name", spec: corev1.PodSpec{Containers: container(),
			Volumes: []corev1.Volume{{Name: "kube-api-access-mine", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}}, account: "default", volume: "kube-api-access-mine", pull: 1},
		{name: "it pulls as it says", spec: corev1.PodSpec{ServiceAccountName: "quiet", Containers: container(), ImagePullSecrets: []corev1.LocalObjectReference{{Name: "a"}, {Name: "b"}}}, account: "quiet", pull: 2},
		{name: "a mirror pod", spec: corev1.PodSpec{NodeName: "n", Containers: container()}, mirror: true},
		{name: "not there", spec: corev1.PodSpec{ServiceAccountName: "x", Containers: container()},
			err: `pods "p" is forbidden: error looking up service account default/x: serviceaccount "x" not found`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 0)
			w.must(api.Request{Verb: api.Create, Resource: serviceAccounts, Namespace: "default", Object: account("default", nil)})
			w.must(api.Request{Verb: api.Create, Resource: serviceAccounts, Namespace: "default", Object: account("quiet", &no)})
			w.catchUp()
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: c.spec}
			if c.mirror {
				pod.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
			}
			w.asked = nil
			result := w.finish(request.New(api.Request{Verb: api.Create, Resource: pods, Namespace: "default", Name: "p", Object: pod}, w, func() registry.Env {
				env := w.env()
				env.Accounts, env.Suffix = !c.off, "abcde"
				return env
			}))
			if c.err != "" {
				require.EqualError(t, result.Err, c.err)
				return
			}
			require.NoError(t, result.Err)
			made := result.Response.Object.(*corev1.Pod)
			require.Equal(t, c.account, made.Spec.ServiceAccountName)
			require.Equal(t, c.account, made.Spec.DeprecatedServiceAccount)
			require.Len(t, made.Spec.ImagePullSecrets, c.pull)
			if c.account == "" {
				require.Equal(t, []string{"put"}, w.asked)
			} else {
				require.Equal(t, []string{"get", "put"}, w.asked)
			}
			if c.volume == "" {
				require.Empty(t, made.Spec.Volumes)
				return
			}
			if c.volume == "kube-api-access-" {
				c.volume += "abcde"
				require.Len(t, made.Spec.Volumes[0].Projected.Sources, 3)
			}
			require.Equal(t, c.volume, made.Spec.Volumes[0].Name)
			require.Equal(t, c.volume, made.Spec.Containers[0].VolumeMounts[0].Name)
			require.Equal(t, place, made.Spec.Containers[0].VolumeMounts[0].MountPath)
		})
	}
}
