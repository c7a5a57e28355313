package cluster

// Component is one of those that decide.
type Component uint8

// The components. The first five see pods, and write to the API; Endpoints and the proxies see the slice.
const (
	Replication Component = iota
	Scheduler
	Endpoints
	Kubelet1
	Kubelet2
	Proxy1
	Proxy2
	components

	writers = Proxy1 // how many of them write to the API
)

func (c Component) String() string {
	return [...]string{"the replication controller", "the scheduler", "the endpoints controller",
		"the kubelet of node 1", "the kubelet of node 2", "the proxy of node 1", "the proxy of node 2"}[c]
}

// node is the number of the node that a component is on; 0: it is on the control plane.
func (c Component) node() uint8 {
	if c < Kubelet1 {
		return 0
	}
	return uint8(c-Kubelet1)%Nodes + 1
}

func kubeletOf(node uint8) Component { return Kubelet1 + Component(node) - 1 }

// sees is where a component's cache of the slice is; -1: it has none.
func (c Component) sees() int {
	switch {
	case c == Endpoints:
		return 0
	case c >= Proxy1:
		return int(c-Proxy1) + 1
	}
	return -1
}
