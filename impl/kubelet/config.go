package kubelet

import (
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Config is what a kubelet is told about itself. Durations have upstream's defaults: see [Defaults].
type Config struct {
	Node    string
	Address string // the node's InternalIP
	Port    int32  // of the kubelet's server
	RootDir string
	// Manifests is the directory of the static pods' files; empty: there are none.
	Manifests string
	// LogsDir holds the containers' logs, below it upstream's layout NAMESPACE_NAME_UID/CONTAINER/ATTEMPT.log.
	LogsDir  string
	Hostname string
	// CgroupRoot is the control group below which those of all containers are; empty: where the runtime puts them by itself.
	CgroupRoot string
	// Capacity is what the node has; all of it may be given to pods.
	Capacity corev1.ResourceList
	Info     corev1.NodeSystemInfo
	Labels   map[string]string
	DNS      DNS

	BackoffBase, BackoffMax, BackoffReset time.Duration
	// Heartbeat is how often the Node's status is looked at, Report how often it is written though nothing changed.
	Heartbeat, Report time.Duration
	LeaseDuration     time.Duration
	LeaseRenewal      time.Duration
	Relist            time.Duration

	// OneByOne: config maps and secrets are read one by one, as pods refer to them, which is all that a node authorizer lets a kubelet read.
	// Otherwise all of them are watched: a simulation has no authorizer.
	OneByOne bool
}

// DNS is what resolv.conf of a pod with dnsPolicy ClusterFirst says.
type DNS struct {
	Servers  []string
	Searches []string
	Domain   string // the cluster's
}

// Defaults are upstream's (pkg/kubelet/apis/config/v1beta1/defaults.go, pkg/kubelet/kubelet.go, v1.37).
var Defaults = Config{
	Port:         10250,
	BackoffBase:  10 * time.Second,
	BackoffMax:   300 * time.Second,
	BackoffReset: 10 * time.Minute,
	Heartbeat:    10 * time.Second,
	Report:       5 * time.Minute,
	// The Lease's duration is 40 s, and it is renewed at a quarter of that.
	LeaseDuration: 40 * time.Second,
	LeaseRenewal:  10 * time.Second,
	Relist:        time.Second,
}

// maxBackoffLevel bounds the doubling; the longest delay is reached far below it.
const maxBackoffLevel = 16

// backoff is the delay before the restart that follows level restarts in a row: none before the first.
func (c *Config) backoff(level int) time.Duration {
	if level <= 0 {
		return 0
	}
	return min(c.BackoffBase<<(min(level, maxBackoffLevel)-1), c.BackoffMax)
}

// PodDir is where everything of one pod lies on this node's disk.
func (c *Config) PodDir(uid types.UID) string { return filepath.Join(c.RootDir, "pods", string(uid)) }

// VolumeDir is where one volume of a pod lies. Upstream's layout: volumes/kubernetes.io~KIND/NAME.
func (c *Config) VolumeDir(uid types.UID, kind, name string) string {
	return filepath.Join(c.PodDir(uid), "volumes", "kubernetes.io~"+kind, name)
}

// LogDir is where the logs of a pod lie.
func (c *Config) LogDir(pod PodRef) string {
	return filepath.Join(c.LogsDir, pod.Namespace+"_"+pod.Name+"_"+string(pod.UID))
}

// messageFile is where one attempt of a container leaves its last words.
func (c *Config) messageFile(uid types.UID, container string, attempt uint32) string {
	return filepath.Join(c.PodDir(uid), "containers", container, strconv.FormatUint(uint64(attempt), 10))
}
