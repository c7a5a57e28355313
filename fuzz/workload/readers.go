package workload

import "orrery/impl/api"

// Readers ask for the present state, each time of another API server: one whose cache lags behind what others have
// acknowledged is caught by them.
var Readers = Kind{Name: "readers", perMinute: 600, roams: true, requests: []weighted{
	{4, listNow},
	{2, getNow},
}}

func listNow(_ *Client, choose Choices) (api.Request, bool) {
	r := configMaps
	if choose.IntN(4) == 0 {
		r = pods
	}
	return api.Request{Verb: api.List, Resource: r, Namespace: Namespace}, true
}

func getNow(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Get, Resource: configMaps, Namespace: Namespace, Name: pick(choose, registerNames)}, true
}
