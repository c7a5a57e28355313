package cluster

import (
	"orrery/model/endpoints"
	"orrery/model/proxy"
	"orrery/model/replication"
	"orrery/model/scheduler"
)

// What a component knows, in the words of its own package.

// replicationView is the replication controller's; live is what a live read of the owner has shown, if one was made.
func replicationView(owner Owner, seen [Names]Pod, live Owner, looked bool) replication.View {
	v := replication.View{Owner: replicationOwner(owner), Pods: make([]replication.Pod, Names)}
	for i, p := range seen {
		v.Pods[i] = replicationPod(p)
	}
	if looked {
		shown := replicationOwner(live)
		v.Live = &shown
	}
	return v
}

func replicationOwner(o Owner) replication.Owner {
	if o.uid() == 0 {
		return replication.Owner{}
	}
	return replication.Owner{UID: o.uid(), Replicas: int(o.replicas())}
}

func replicationPod(p Pod) replication.Pod {
	out := replication.Pod{Owner: p.owner(), Matches: p.is(matches)}
	switch {
	case p == 0:
		out.Phase = replication.Absent
	case !p.is(there):
		out.Phase = replication.Gone
	case p.is(leaving):
		out.Phase = replication.Leaving
	case p.is(ended):
		out.Phase = replication.Ended
	default:
		out.Phase = replication.Running
	}
	return out
}

// schedulerView is the scheduler's: so many nodes, each with room for so many pods.
func schedulerView(d Domain, seen [Names]Pod) scheduler.View {
	v := scheduler.View{Nodes: make([]scheduler.Node, d.Nodes), Pods: make([]scheduler.Pod, Names)}
	for i := range v.Nodes {
		v.Nodes[i] = scheduler.Node{There: true, Allocatable: []int{d.Room}}
	}
	for i, p := range seen {
		out := scheduler.Pod{Node: int(p.node()), Requests: []int{1}, Ours: true}
		switch {
		case !p.is(there):
			out.Phase = scheduler.Absent
		case p.is(ended):
			out.Phase = scheduler.Ended
		case p.is(leaving):
			out.Phase = scheduler.Leaving
		default:
			out.Phase = scheduler.Present
		}
		v.Pods[i] = out
	}
	return v
}

// endpointsView is the endpoints controller's. There is one service, and always has been.
func endpointsView(seen [Names]Pod, slice Slice) endpoints.View {
	at := endpoints.Slice{There: slice&sliceThere != 0, Ours: slice&sliceThere != 0, Owner: serviceUID, Endpoints: endpointsOf(slice)}
	v := endpoints.View{Service: endpoints.Service{UID: serviceUID, Selects: true}, Slices: []endpoints.Slice{at}, Room: Names}
	for i, p := range seen {
		v.Pods = append(v.Pods, endpointsPod(i, p))
	}
	return v
}

const serviceUID = 1

// name is what tells a pod from all others: its UID, and with it its name.
func name(i int, uid uint8) uint16 { return uint16(i)<<3 | uint16(uid) }

func endpointsPod(i int, p Pod) endpoints.Pod {
	out := endpoints.Pod{UID: name(i, p.uid()), Address: uint16(p.address()), Ready: p.shown() == Ready, Leaving: p.is(leaving), Matches: p.is(matches)}
	switch {
	case !p.is(there):
		return endpoints.Pod{}
	case p.is(ended):
		out.Phase = endpoints.Ended
	default:
		out.Phase = endpoints.Alive
	}
	return out
}

func endpointsOf(z Slice) (list []endpoints.Endpoint) {
	for i := range Names {
		if e := z.entry(i); e != 0 {
			c := e.condition()
			list = append(list, endpoints.Endpoint{Address: uint16(e.address()), Pod: name(i, e.uid()),
				Ready: c == Serves, Serving: c == Serves || c == Draining, Terminating: c == Dying || c == Draining})
		}
	}
	return list
}

// sliceOf is a slice that holds those endpoints.
func sliceOf(list []endpoints.Endpoint) Slice {
	z := sliceThere
	for _, e := range list {
		c := Unready
		switch {
		case e.Terminating && e.Serving:
			c = Draining
		case e.Terminating:
			c = Dying
		case e.Ready:
			c = Serves
		}
		z = z.with(int(e.Pod>>3), entryOf(uint8(e.Address), c)|Entry(e.Pod&7))
	}
	return z
}

// proxyView is a proxy's, that sees the service and the slice and is not sure what the kernel holds.
func proxyView(slice Slice) proxy.View {
	v := proxy.View{Services: []proxy.Service{{Name: serviceUID, UID: serviceUID, Address: serviceAddress}}, ServicesListed: true, SlicesListed: true}
	if slice&sliceThere == 0 {
		return v
	}
	at := proxy.Slice{Service: serviceUID}
	for i := range Names {
		if e := slice.entry(i); e != 0 {
			c := e.condition()
			at.Endpoints = append(at.Endpoints, proxy.Endpoint{Address: uint16(e.address()),
				Ready: c == Serves, Serving: c == Serves || c == Draining, Terminating: c == Dying || c == Draining})
		}
	}
	v.Slices = []proxy.Slice{at}
	return v
}

const serviceAddress = 1

// rulesOf are those of the service.
func rulesOf(list []proxy.Rule) (r Rules) {
	for _, rule := range list {
		if rule.Verdict == proxy.Reject {
			return rejects
		}
		for _, a := range rule.Targets {
			r |= target(uint8(a))
		}
	}
	return r
}

// listOf is the inverse of rulesOf.
func listOf(r Rules) []proxy.Rule {
	if r == 0 {
		return nil
	}
	rule := proxy.Rule{Address: serviceAddress, Verdict: proxy.Forward}
	if r == rejects {
		rule.Verdict = proxy.Reject
	}
	for a := range uint8(Nodes * Names) {
		if r&target(a+1) != 0 {
			rule.Targets = append(rule.Targets, uint16(a+1))
		}
	}
	return []proxy.Rule{rule}
}
