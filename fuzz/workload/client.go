package workload

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"orrery/impl/api"
)

// Namespace is where every object of the workload lives.
const Namespace = "work"

// Choices is the source of a run's decisions: a seed in the real world, a seed or a fuzzer's bytes in the simulated one.
type Choices interface {
	// IntN returns a number in [0, n).
	IntN(n int) int
}

// Client is one sequential issuer of requests.
type Client struct {
	Name string
	kind Kind
	// known is the last version of each object that this client saw, and stale the one before: what a precondition is
	// taken from.
	known, stale map[string]api.Object
	// listed are the pods and slices the slices of the last list, and more is where the last list of registers goes on.
	listed []corev1.Pod
	slices []string
	more   string
	issued int
}

// Kind is a family of clients.
type Kind struct {
	Name string
	// requests are what such a client may ask for; one is drawn by weight.
	requests  []weighted
	perMinute int
	// roams: every request goes to an API server that is drawn anew.
	roams bool
}

type weighted struct {
	weight int
	make   func(*Client, Choices) (api.Request, bool)
}

// New returns a client of that kind.
func New(kind Kind, name string) *Client {
	return &Client{Name: name, kind: kind, known: map[string]api.Object{}, stale: map[string]api.Object{}}
}

// PerMinute is the pace that suits the kind in the real world, in requests a minute.
func (c *Client) PerMinute() int { return c.kind.perMinute }

// Roams: every request of the client should go to an API server drawn anew, so that the servers are held against each other.
func (c *Client) Roams() bool { return c.kind.roams }

// Next chooses a request.
func (c *Client) Next(choose Choices) api.Request {
	c.issued++
	for {
		total := 0
		for _, r := range c.kind.requests {
			total += r.weight
		}
		draw := choose.IntN(total)
		for _, r := range c.kind.requests {
			if draw -= r.weight; draw < 0 {
				if req, ok := r.make(c, choose); ok {
					return req
				}
				break
			}
		}
		// The first request of every kind needs no knowledge, so that this ends.
		if req, ok := c.kind.requests[0].make(c, choose); ok {
			return req
		}
	}
}

// Done takes the answer to the request that Next returned last.
func (c *Client) Done(req api.Request, resp api.Response, err error) {
	if req.Resource == nil {
		return
	}
	key := keyOf(req)
	if err != nil {
		c.more = "" // a list that cannot go on begins anew
		// Whether it was done or not, what was known is no longer certain: keep it only as something stale.
		if old := c.known[key]; old != nil {
			c.stale[key] = old
		}
		delete(c.known, key)
		return
	}
	switch list := resp.Object.(type) {
	case *corev1.PodList:
		c.listed = list.Items
		return
	case *discoveryv1.EndpointSliceList:
		c.slices = nil
		for i := range list.Items {
			c.slices = append(c.slices, list.Items[i].Name)
		}
		return
	case *corev1.ConfigMapList:
		c.more = list.Continue
		return
	}
	obj, ok := resp.Object.(api.Object)
	if !ok {
		return
	}
	if r, found := api.ByObject(obj); !found || r != req.Resource {
		return // a Scale, or the Status of a delete
	}
	if old := c.known[key]; old != nil && old.GetResourceVersion() != obj.GetResourceVersion() {
		c.stale[key] = old
	}
	c.known[key] = obj
}

// unique is a value that no other write of the run carries.
func (c *Client) unique() string { return fmt.Sprintf("%s-%d", c.Name, c.issued) }

func keyOf(req api.Request) string {
	return req.Resource.Name + "/" + req.Namespace + "/" + req.Name
}

// pick draws one of the names.
func pick[T any](choose Choices, list []T) T { return list[choose.IntN(len(list))] }

// served returns a resource that is known to be served.
func served(name string) *api.Resource {
	r, ok := api.ByName(name)
	if !ok {
		panic("workload: " + name + " is not served")
	}
	return r
}

// seen returns an object of that name as the client knows it, or, one time in four, an older version of it.
func (c *Client) seen(choose Choices, r *api.Resource, name string) (api.Object, bool) {
	key := r.Name + "/" + Namespace + "/" + name
	if old := c.stale[key]; old != nil && choose.IntN(4) == 0 {
		return old, true
	}
	obj := c.known[key]
	if obj == nil {
		obj = c.stale[key]
	}
	return obj, obj != nil
}
