package kubelet

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Goal: the runtime is told what the two security contexts say, the container's before the pod's. Method: a pod of one container for each field,
// and the change it makes to what is told without it.
func TestSecurity(t *testing.T) {
	user := func(n int64) *cri.Int64Value { return &cri.Int64Value{Value: n} }
	profile := func(kind cri.SecurityProfile_ProfileType, ref string) *cri.SecurityProfile {
		return &cri.SecurityProfile{ProfileType: kind, LocalhostRef: ref}
	}
	type context = cri.LinuxContainerSecurityContext
	for _, c := range []struct {
		name, pod, own string
		change         func(*context)
		err            string
	}{
		{"nothing", "{}", "{}", func(*context) {}, ""},
		{"the pod's user and group", "{runAsUser: 1, runAsGroup: 2}", "{}", func(c *context) { c.RunAsUser, c.RunAsGroup = user(1), user(2) }, ""},
		{"the container's", "{runAsUser: 1, runAsGroup: 2}", "{runAsUser: 3, runAsGroup: 0}", func(c *context) { c.RunAsUser, c.RunAsGroup = user(3), user(0) }, ""},
		{"groups", "{fsGroup: 5, supplementalGroups: [3, 4], supplementalGroupsPolicy: Strict}", "{}", func(c *context) {
			c.SupplementalGroups, c.SupplementalGroupsPolicy = []int64{3, 4, 5}, cri.SupplementalGroupsPolicy_Strict
		}, ""},
		{"groups beside those of the image", "{supplementalGroupsPolicy: Merge}", "{}", func(*context) {}, ""},
		{"a root file system that is read", "{}", "{readOnlyRootFilesystem: true}", func(c *context) { c.ReadonlyRootfs = true }, ""},
		{"capabilities", "{}", "{capabilities: {add: [NET_ADMIN], drop: [ALL]}}", func(c *context) {
			c.Capabilities = &cri.Capability{AddCapabilities: []string{"NET_ADMIN"}, DropCapabilities: []string{"ALL"}}
		}, ""},
		{"privileged", "{}", "{privileged: true}", func(c *context) { c.Privileged, c.MaskedPaths, c.ReadonlyPaths = true, nil, nil }, ""},
		{"not privileged", "{}", "{privileged: false}", func(*context) {}, ""},
		{"no more privileges", "{}", "{allowPrivilegeEscalation: false}", func(c *context) { c.NoNewPrivs = true }, ""},
		{"more privileges", "{}", "{allowPrivilegeEscalation: true}", func(*context) {}, ""},
		{"all of /proc", "{}", "{procMount: Unmasked}", func(c *context) { c.MaskedPaths, c.ReadonlyPaths = nil, nil }, ""},
		{"the runtime's seccomp profile", "{seccompProfile: {type: RuntimeDefault}}", "{}", func(c *context) { c.Seccomp = profile(cri.SecurityProfile_RuntimeDefault, "") }, ""},
		{"none for the container", "{seccompProfile: {type: RuntimeDefault}}", "{seccompProfile: {type: Unconfined}}", func(*context) {}, ""},
		{"one of the node's", "{}", "{seccompProfile: {type: Localhost, localhostProfile: p.json}}", nil, "localhost seccomp profiles are not supported by this kubelet"},
		{"AppArmor", "{appArmorProfile: {type: RuntimeDefault}}", "{}", func(c *context) { c.Apparmor = profile(cri.SecurityProfile_RuntimeDefault, "") }, ""},
		{"none for the container", "{appArmorProfile: {type: RuntimeDefault}}", "{appArmorProfile: {type: Unconfined}}", func(c *context) { c.Apparmor = profile(cri.SecurityProfile_Unconfined, "") }, ""},
		{"one of the node's", "{}", "{appArmorProfile: {type: Localhost, localhostProfile: p}}", func(c *context) { c.Apparmor = profile(cri.SecurityProfile_Localhost, "p") }, ""},
		{"SELinux", "{seLinuxOptions: {type: a}}", "{seLinuxOptions: {user: u, role: r, type: t, level: l}}", func(c *context) {
			c.SelinuxOptions = &cri.SELinuxOption{User: "u", Role: "r", Type: "t", Level: "l"}
		}, ""},
		{"the pod's SELinux", "{seLinuxOptions: {type: a}}", "{}", func(c *context) { c.SelinuxOptions = &cri.SELinuxOption{Type: "a"} }, ""},
		{"a user who is not root", "{runAsNonRoot: true, runAsUser: 1}", "{}", func(c *context) { c.RunAsUser = user(1) }, ""},
		{"who is", "{runAsNonRoot: true}", "{runAsUser: 0}", nil, "container's runAsUser breaks non-root policy"},
		{"of whom nothing is said", "{runAsNonRoot: true}", "{}", nil, "container has runAsNonRoot and the pod names no user to run as (runAsUser)"},
		{"who may be, in this container", "{runAsNonRoot: true}", "{runAsNonRoot: false}", func(*context) {}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := podFrom(t, "{spec: {securityContext: "+c.pod+", containers: [{name: app, securityContext: "+c.own+"}]}}")
			p := newPass(&Defaults, Input{Pod: pod}, epoch)
			got, err := p.security(&pod.Spec.Containers[0])
			if c.err != "" {
				require.EqualError(t, err, c.err)
				return
			}
			require.NoError(t, err)
			want := &context{NamespaceOptions: p.namespaces(), MaskedPaths: maskedPaths, ReadonlyPaths: readonlyPaths,
				Seccomp: &cri.SecurityProfile{ProfileType: cri.SecurityProfile_Unconfined}}
			c.change(want)
			require.Equal(t, want, got)
		})
	}
}

// Goal: requests and limits become what the kernel counts in, and the quality of service says who is killed first. Method: a table.
func TestLinuxResources(t *testing.T) {
	type resources = cri.LinuxContainerResources
	for _, c := range []struct {
		spec string
		qos  corev1.PodQOSClass
		want *resources
	}{
		{"{}", corev1.PodQOSBestEffort, &resources{CpuShares: 2, OomScoreAdj: 1000}},
		{"{requests: {cpu: 500m, memory: 1Mi}}", corev1.PodQOSBurstable, &resources{CpuShares: 512, OomScoreAdj: 999}},
		{"{requests: {cpu: 1, memory: 1Mi}, limits: {cpu: 1, memory: 1Mi}}", corev1.PodQOSGuaranteed,
			&resources{CpuShares: 1024, CpuPeriod: 100000, CpuQuota: 100000, MemoryLimitInBytes: 1 << 20, OomScoreAdj: -997}},
		{"{limits: {cpu: 2}}", corev1.PodQOSBurstable, &resources{CpuShares: 2048, CpuPeriod: 100000, CpuQuota: 200000, OomScoreAdj: 999}},
		{"{limits: {cpu: 1m}}", corev1.PodQOSBurstable, &resources{CpuShares: 2, CpuPeriod: 100000, CpuQuota: 1000, OomScoreAdj: 999}},
		{"{limits: {cpu: 0}}", corev1.PodQOSBestEffort, &resources{CpuShares: 2, OomScoreAdj: 1000}},
	} {
		pod := podFrom(t, "{spec: {containers: [{name: app, resources: "+c.spec+"}]}}")
		pod.Status.QOSClass = c.qos
		require.Equal(t, c.want, linuxResources(pod, &pod.Spec.Containers[0], 4<<30), c.spec)
	}
}

// Goal: where memory runs out, those who asked for more of it are killed later. Method: a table of upstream's rules, on a node of 4 GiB.
func TestOOMScore(t *testing.T) {
	for _, c := range []struct {
		name, spec string
		qos        corev1.PodQOSClass
		want       []int64 // of the init containers, and of the containers
	}{
		{"a quarter and nothing", "{containers: [{resources: {requests: {memory: 1Gi}}}, {}]}", corev1.PodQOSBurstable, []int64{750, 999}},
		{"all of it and more", "{containers: [{resources: {requests: {memory: 4Gi}}}, {resources: {requests: {memory: 1Ti}}}]}", corev1.PodQOSBurstable, []int64{3, 3}},
		{"a sidecar is killed no earlier than any that it serves", "{initContainers: [{restartPolicy: Always}], containers: [{resources: {requests: {memory: 2Gi}}}, {resources: {requests: {memory: 1Gi}}}]}",
			corev1.PodQOSBurstable, []int64{750, 500, 750}},
		{"but may be later", "{initContainers: [{restartPolicy: Always, resources: {requests: {memory: 3Gi}}}], containers: [{resources: {requests: {memory: 1Gi}}}]}", corev1.PodQOSBurstable, []int64{250, 750}},
		{"one that ends before them", "{initContainers: [{}], containers: [{resources: {requests: {memory: 1Gi}}}]}", corev1.PodQOSBurstable, []int64{999, 750}},
		{"the node cannot be without", "{priorityClassName: system-node-critical, containers: [{}]}", corev1.PodQOSBestEffort, []int64{-997}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := podFrom(t, "{spec: "+c.spec+"}")
			pod.Status.QOSClass = c.qos
			var got []int64
			for _, of := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
				for i := range of {
					got = append(got, oomScore(pod, &of[i], 4<<30))
				}
			}
			require.Equal(t, c.want, got)
		})
	}
}
