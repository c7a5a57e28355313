package registry

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"orrery/impl/api"
)

// What every pod is given that does not say otherwise, by upstream's names.
const (
	defaultAccount  = "default"
	tokenVolume     = "kube-api-access-"
	tokenMountPath  = "/var/run/secrets/kubernetes.io/serviceaccount"
	rootCertificate = "kube-root-ca.crt"
)

// NeedsAccount is returned by [Decide] where a new pod cannot be decided on before its account has been read: see [Env].
type NeedsAccount struct{ Name string }

func (n *NeedsAccount) Error() string { return "the service account " + n.Name + " must be read first" }

// admitAccount gives a new pod its account, and a volume with the account's token: upstream's admission plugin ServiceAccount
// (plugin/pkg/admission/serviceaccount).
func admitAccount(pod *corev1.Pod, req api.Request, env Env) error {
	if !env.Accounts {
		return nil
	}
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return nil
	}
	if pod.Spec.ServiceAccountName == "" {
		pod.Spec.ServiceAccountName = defaultAccount
		pod.Spec.DeprecatedServiceAccount = defaultAccount
	}
	name, account := pod.Spec.ServiceAccountName, env.Account
	switch {
	case !env.AccountRead:
		return &NeedsAccount{name}
	case account == nil:
		return apierrors.NewForbidden(req.Resource.GR(), pod.Name, fmt.Errorf("error looking up service account %s/%s: serviceaccount %q not found", req.Namespace, name, name))
	}
	if mountsToken(account, pod) {
		mountToken(pod, generated(tokenVolume, env.Suffix))
	}
	if len(pod.Spec.ImagePullSecrets) == 0 {
		pod.Spec.ImagePullSecrets = slices.Clone(account.ImagePullSecrets)
	}
	return nil
}

// mountsToken: what the pod says goes before what the account says.
func mountsToken(account *corev1.ServiceAccount, pod *corev1.Pod) bool {
	for _, says := range []*bool{pod.Spec.AutomountServiceAccountToken, account.AutomountServiceAccountToken} {
		if says != nil {
			return *says
		}
	}
	return true
}

// mountToken mounts the volume in every container that has nothing else at its place, and adds it if one has not.
func mountToken(pod *corev1.Pod, name string) {
	has := slices.IndexFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, tokenVolume) })
	if has >= 0 {
		name = pod.Spec.Volumes[has].Name
	}
	mounted := false
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			c := &containers[i]
			if slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == tokenMountPath }) {
				continue
			}
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: name, ReadOnly: true, MountPath: tokenMountPath})
			mounted = true
		}
	}
	if mounted && has < 0 {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Projected: tokenSource()}})
	}
}

func tokenSource() *corev1.ProjectedVolumeSource {
	mode, seconds := corev1.ProjectedVolumeSourceDefaultMode, int64(volumeExpiration)
	return &corev1.ProjectedVolumeSource{DefaultMode: &mode, Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: &seconds}},
		{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: corev1.LocalObjectReference{Name: rootCertificate}, Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
			{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"}},
		}}},
	}}
}
