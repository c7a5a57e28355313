// Package model is what must be true: one pure state machine for each component, standard library only. Package machine is their kernel.
//
// Each component's package says in view.go what is allowed in what it sees (a judge of recorded runs needs no more), and puts that into a world
// in which everything is late, lost or lands late that can be. The table says where each row of INVARIANTS.md is; a row that no model has
// is judged by the checker that is named, or the reason is given why it is not judged at all. A test keeps it true: a model that is named
// speaks of the row.
//
//	row   where
//	1     store
//	2     store; checker linear: what was acknowledged is there after members have crashed; a disk is not modelled
//	3     store, api
//	4     store
//	5     store
//	6     api
//	7     api
//	8     api
//	9     api
//	10    api
//	11    api
//	12    api
//	13    api
//	14    api
//	15    api
//	16    api, garbage
//	17    api
//	18    checker invariant: an object of a model has one controller or none
//	19    api
//	20    api
//	21    api
//	22    api
//	23    api
//	24    api
//	25    api
//	26    api
//	27    api
//	28    namespace
//	29    namespace
//	30    not yet: Services have no addresses before part 4
//	31    scheduler
//	32    not judged: nobody but API servers has a certificate that the store accepts
//	33    replication, endpoints
//	34    checker converge; in the models it is the fairness of seeing
//	35    checker linear
//	36    not judged: components have no handlers, they look at keys
//	37    replication, garbage, namespace
//	38    checker watch
//	39    api; checker refine for the caches of components
//	40    replication, scheduler, endpoints
//	41    not judged: the loop's own tests; in the models it is the fairness of the controllers
//	42    not judged: a decision is a function of a view and nothing else
//	43    scheduler
//	44    election; that every write is safe under two leaders: in every other model requests of a predecessor land late
//	45    election
//	46    scheduler
//	47    scheduler
//	48    scheduler
//	49    scheduler
//	50    scheduler
//	51    scheduler
//	52    scheduler
//	53    scheduler
//	54    not judged: the scheduler's stories; in the model all pods have one priority
//	55    replication
//	56    checker refine: a name, a namespace and labels have no part in the model's decisions
//	57    replication
//	58    replication
//	59    replication
//	60    replication
//	61    replication
//	62    replication
//	63    not judged: it bounds how fast, not what
//	64    replication
//	65    not judged: a permission
//	66    replication
//	67    replication
//	68    node
//	69    node
//	70    node
//	71    node
//	72    node
//	73    node, namespace
//	74    node
//	75    node
//	76    node
//	77    kubelet
//	78    kubelet
//	79    cluster; checker invariant: a node alone cannot break it
//	80    kubelet
//	81    kubelet
//	82    kubelet
//	83    kubelet
//	84    not judged: the kubelet's stories; a model has no clock
//	85    kubelet
//	86    kubelet
//	87    kubelet, cluster
//	88    kubelet
//	89    kubelet
//	90    kubelet
//	91    not judged: the kubelet's stories; the model takes admission's word
//	92    kubelet
//	93    kubelet
//	94    checker converge
//	95    kubelet
//	96    cluster
//	97    endpoints
//	98    endpoints
//	99    endpoints
//	100   endpoints
//	101   endpoints
//	102   endpoints
//	103   account
//	104   account
//	105   account
//	106   account
//	107   namespace
//	108   namespace
//	109   garbage
//	110   garbage
//	111   garbage
//	112   garbage
//	113   proxy
//	114   proxy
//	115   proxy
//	116   proxy
//	117   proxy; checker requests judges runs
//	118   proxy; checker requests judges runs
//	119   replication, scheduler, node, election, endpoints, account, namespace, garbage, proxy, cluster; checker converge judges runs
//	120   not judged: it says what a model must add, and these do
//	121   cluster
//	122   not judged: decisions are made from views
//	123   replication, scheduler, node, election, endpoints, account, namespace, garbage, proxy, cluster
//	124   not judged: it asks for tests, which the nemesis makes
//
// # Not done
//
// Refinement of the components that come with part 4: see package refine.
package model
