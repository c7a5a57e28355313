package kubelet

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/control"
	"orrery/impl/host/containerd/containerdtest"
	"orrery/impl/kubelet/runtime"
	"orrery/impl/kubelet/runtime/cri"
)

func TestMain(m *testing.M) { containerdtest.Main(m) }

// Goal: what a spec asks of a container is what its process finds, and nothing waits for a list of the runtime between the
// steps of a start. Method: decide and perform in turn against a real containerd that is listed once, before the pod.
func TestPodOnContainerd(t *testing.T) {
	w := containerdtest.New(t)
	ctx := containerdtest.Bounded(t)
	client, err := cri.Dial("unix://" + w.Address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	cfg := Defaults
	cfg.Node, cfg.Address, cfg.RootDir, cfg.LogsDir, cfg.CgroupRoot = "w", w.Machine.Address.String(), filepath.Join(w.Dir, "kubelet"), w.Logs, w.CgroupParent()
	cfg.Capacity = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")}
	host := filepath.Join(w.Dir, "host")
	require.NoError(t, os.MkdirAll(host, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(host, "file"), []byte("of the host"), 0o644))

	local := &Local{Config: cfg, Runtime: client, Now: time.Now, Disk: true}
	var seen *Observed
	local.Connect(func(source string, _ int64, objects []metav1.Object) error {
		if source == sourceRuntime && len(objects) > 0 {
			seen = objects[0].(*Observed)
		}
		return nil
	})
	require.NoError(t, local.Relist(ctx))

	pod := podOfEverything(host)
	configMap := &corev1.ConfigMap{Data: map[string]string{"key": "of the config map", "env": "from the config map"}}
	in := Input{Pod: pod, Refs: Lookup{ConfigMap: func(string) (*corev1.ConfigMap, error) { return configMap, nil }, Secret: func(string) (*corev1.Secret, error) { return nil, nil }}}
	const enough = 20
	for range enough {
		in.Seen = seen
		d := decide(&cfg, in, time.Now())
		for _, batch := range d.Batches {
			for _, e := range batch {
				answer := local.Perform(ctx, effectOf(e))
				require.NoError(t, answer.Err, "%T", e)
			}
		}
		pod.Status = *d.Status
		if len(d.Batches) == 0 {
			break
		}
	}
	require.Equal(t, corev1.PodRunning, pod.Status.Phase, "%+v", pod.Status)
	rt := seen.of(pod.UID)
	app := rt.Latest("app")
	require.NotNil(t, app)
	exec := func(command ...string) string {
		result, err := client.Exec(ctx, app.ID, command, containerdtest.Patience)
		require.NoError(t, err)
		require.Zero(t, result.ExitCode, "%v: %s", command, result.Output)
		return string(result.Output)
	}
	require.Equal(t, "of the config map", exec("cat", "/config/key"))
	require.Equal(t, "of the host", exec("cat", "/host/file"))
	require.Empty(t, exec("ls", "/empty"))
	require.Equal(t, "web\n", exec("cat", "/etc/hostname"))
	require.Contains(t, exec("cat", "/etc/hosts"), pod.Status.PodIP+"\tweb\n")
	env := exec("env")
	require.Contains(t, env, "PLAIN=a value\n")
	require.Contains(t, env, "MAPPED=from the config map\n")
	require.Contains(t, env, "ADDRESS="+pod.Status.PodIP+"\n")

	// The limits are the kernel's: half a processor, 64 MiB, and who is killed first.
	pid := w.Pids()[app.ID]
	score, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "oom_score_adj"))
	require.NoError(t, err)
	require.Equal(t, "750\n", string(score))
	require.Equal(t, "67108864", cgroupValue(t, pid, "memory.max", "memory/memory.limit_in_bytes"))
	require.Contains(t, []string{"50000 100000", "50000"}, cgroupValue(t, pid, "cpu.max", "cpu/cpu.cfs_quota_us"))

	require.NoError(t, client.StopContainer(ctx, app.ID, 0))
	require.Eventually(t, func() bool {
		p, err := client.Inspect(ctx, string(pod.UID))
		return err == nil && p.Latest("app").State == runtime.Exited
	}, containerdtest.Patience, 5*time.Millisecond)
	require.NoError(t, client.RemoveSandbox(ctx, rt.Sandboxes[0].ID))
	_, err = local.cleanUp(pod.UID)
	require.NoError(t, err)
}

func podOfEverything(host string) *corev1.Pod {
	grace := int64(1)
	from := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web", UID: "uid-web"},
		Spec: corev1.PodSpec{
			NodeName: "w", RestartPolicy: corev1.RestartPolicyAlways, TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{
				Name: "app", Image: "local/web:1", ImagePullPolicy: corev1.PullIfNotPresent, Args: []string{"serve"},
				TerminationMessagePath: "/dev/termination-log", TerminationMessagePolicy: corev1.TerminationMessageReadFile,
				Env: []corev1.EnvVar{{Name: "PLAIN", Value: "a value"}, {Name: "ADDRESS", ValueFrom: from("status.podIP")},
					{Name: "MAPPED", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}, Key: "env"}}}},
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}, Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("64Mi")}},
				VolumeMounts: []corev1.VolumeMount{{Name: "empty", MountPath: "/empty"}, {Name: "config", MountPath: "/config"},
					{Name: "host", MountPath: "/host"}},
			}},
			Volumes: []corev1.Volume{
				{Name: "empty", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "c"}}}},
				{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: host}}},
			},
		},
		Status: corev1.PodStatus{Phase: corev1.PodPending, QOSClass: corev1.PodQOSBurstable},
	}
}

func effectOf(e any) control.Effect { return control.Effect{Other: e} }

// cgroupValue reads a limit of a process, in whichever version of cgroups the host has.
func cgroupValue(t *testing.T, pid int, second, first string) string {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cgroup"))
	require.NoError(t, err)
	controller, file := filepath.Split(first)
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		var path string
		switch {
		case parts[1] == "":
			path = filepath.Join("/sys/fs/cgroup", parts[2], second)
		case slices.Contains(strings.Split(parts[1], ","), filepath.Clean(controller)):
			path = filepath.Join("/sys/fs/cgroup", controller, parts[2], file)
		default:
			continue
		}
		if value, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(value))
		}
	}
	t.Fatalf("neither %s nor %s of process %d: %s", second, first, pid, data)
	return ""
}
