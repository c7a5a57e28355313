package trace

import "encoding/json"

// Format is the name and version that the first line of every trace carries.
const Format = "orrery-trace/1"

// Mode tells in which of the two worlds a run took place.
type Mode string

const (
	Real      Mode = "real"
	Simulated Mode = "simulated"
)

// Header is the first line of a trace: everything a judge must know before it reads what happened.
type Header struct {
	Format string `json:"format"`
	// Process is set in the file of a single process, which [Open] begins: such a header says nothing else.
	Process  string            `json:"process,omitempty"`
	Mode     Mode              `json:"mode"`
	Seed     uint64            `json:"seed"`
	Scenario string            `json:"scenario"`
	Topology Topology          `json:"topology"`
	Versions map[string]string `json:"versions,omitempty"`
	// Command reproduces the run; an illegal verdict repeats it.
	Command string `json:"command,omitempty"`
	// Revision is the store's revision when recording began, and Initial every object it held then.
	Revision int64      `json:"revision"`
	Initial  []Revision `json:"initial,omitempty"`
	// Expect is what the scenario must have reached for a verdict to mean anything.
	Expect Expect `json:"expect"`
}

// Topology names the machines of the cluster and what runs on each.
type Topology struct {
	ControlPlanes []string `json:"controlPlanes,omitempty"`
	Workers       []string `json:"workers,omitempty"`
}

// Expect states what a run must contain at the least; less than that is a vacuous run, and its verdict is Unknown.
type Expect struct {
	Operations  int      `json:"operations,omitempty"`
	Writes      int      `json:"writes,omitempty"`
	WatchEvents int      `json:"watchEvents,omitempty"`
	Sometimes   []string `json:"sometimes,omitempty"`
	Faults      []string `json:"faults,omitempty"`
}

// Line is one thing that happened. Exactly one of the pointers is set.
//
// Time is in nanoseconds of the host's monotonic clock (in a simulated run, of the virtual one), comparable between
// the processes of one host. Lines of one process are in the order in which they happened; Seq numbers the lines of
// the whole, merged trace from 1 and is zero before the merge.
type Line struct {
	Seq     int64  `json:"n,omitempty"`
	Time    int64  `json:"t"`
	Process string `json:"p"`

	Call      *Call      `json:"call,omitempty"`
	Return    *Return    `json:"return,omitempty"`
	Revision  *Revision  `json:"revision,omitempty"`
	Compact   *Compact   `json:"compact,omitempty"`
	Watch     *Watch     `json:"watch,omitempty"`
	Event     *Event     `json:"event,omitempty"`
	Step      *Step      `json:"step,omitempty"`
	Container *Container `json:"container,omitempty"`
	Rules     *Rules     `json:"rules,omitempty"`
	Request   *Request   `json:"request,omitempty"`
	Digest    *Digest    `json:"digest,omitempty"`
	Fault     *Fault     `json:"fault,omitempty"`
	Phase     *Phase     `json:"phase,omitempty"`
	Sometimes *Sometimes `json:"sometimes,omitempty"`
	Life      *Life      `json:"life,omitempty"`
}

// Outcome is what the issuer of an operation knows about it when it ended.
type Outcome string

const (
	OK Outcome = "ok"
	// Failed: definitely not done, now or later.
	Failed Outcome = "failed"
	// Unknown: may be done, may still be done later. A timeout and a lost connection are always Unknown.
	Unknown Outcome = "unknown"
)

// Layer tells at which of the two interfaces an operation was observed.
type Layer string

const (
	// API operations are recorded by the client that issued them.
	API Layer = "api"
	// Store operations are recorded by the API server that issued them to etcd.
	Store Layer = "store"
)

// Call is the beginning of an operation. ID is unique in the trace. Client is one sequential issuer: it has at most
// one operation open at a time, and takes a new name after an Unknown outcome.
type Call struct {
	ID     string `json:"id"`
	Client string `json:"client"`
	Layer  Layer  `json:"layer"`
	// Verb is get, list, create, update, patch, delete or deletecollection at the API; get, list, count, put, delete
	// or compact at the store.
	Verb string `json:"verb"`
	// Server is the API server, or the etcd member, that was asked first.
	Server string `json:"server,omitempty"`

	// At the API.
	Resource        string          `json:"resource,omitempty"`
	Namespace       string          `json:"namespace,omitempty"`
	Name            string          `json:"name,omitempty"`
	Subresource     string          `json:"subresource,omitempty"`
	ResourceVersion string          `json:"resourceVersion,omitempty"` // of a read: as asked; of a write: the precondition
	Match           string          `json:"match,omitempty"`           // resourceVersionMatch of a list
	UID             string          `json:"uid,omitempty"`             // the precondition of a write
	Grace           *int64          `json:"grace,omitempty"`           // seconds, of a delete
	Policy          string          `json:"policy,omitempty"`          // of a delete: what becomes of dependents, as upstream's propagationPolicy
	Labels          string          `json:"labels,omitempty"`
	Fields          string          `json:"fields,omitempty"`
	Limit           int64           `json:"limit,omitempty"`
	Continue        string          `json:"continue,omitempty"`
	Body            json.RawMessage `json:"body,omitempty"` // of a create, update or patch, as sent
	DryRun          bool            `json:"dryRun,omitempty"`

	// At the store.
	Key      string `json:"key,omitempty"`      // the key, or the prefix of a list or count
	Expected int64  `json:"expected,omitempty"` // the modification revision a put or delete requires; 0: absent
	At       int64  `json:"at,omitempty"`       // the revision a read asked for; 0: the latest
	Hash     string `json:"hash,omitempty"`     // of the value put
	// Guards are further keys, and the modification revision (0: absent) that a put requires each of them to have.
	Guards []Ref `json:"guards,omitempty"`
}

// Return is the end of the operation whose Call has the same ID.
type Return struct {
	ID      string  `json:"id"`
	Outcome Outcome `json:"outcome"`
	// Reason and Code are those of upstream's Status for what did not succeed, or the store's error.
	Reason string `json:"reason,omitempty"`
	Code   int    `json:"code,omitempty"`

	// Object is the object read or written, Items those listed, each at the version that was seen.
	Object *Ref  `json:"object,omitempty"`
	Items  []Ref `json:"items,omitempty"`
	// Revision is a list's resourceVersion, or the revision in the header of the store's answer.
	Revision int64 `json:"revision,omitempty"`
	// Continue is the token of a list that has more, Count a store count's answer.
	Continue string `json:"continue,omitempty"`
	Count    int64  `json:"count,omitempty"`
	// Succeeded is false where a put's or delete's expected revision did not hold; Object is then what was there.
	Succeeded bool `json:"succeeded,omitempty"`
	// Guards is, of such a put, what was at the keys of its guards, in their order; revision 0: nothing.
	Guards []Ref `json:"guards,omitempty"`
}

// Ref names one version of one object. At the store only Key, Revision and Hash are set.
type Ref struct {
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	UID       string `json:"uid,omitempty"`
	Key       string `json:"key,omitempty"`
	Revision  int64  `json:"rv,omitempty"`
	Hash      string `json:"hash,omitempty"`
	// ID is that of a container at its runtime, Attempt the number that a container or sandbox is to be made under. In both, Key is the
	// container's name.
	ID      string `json:"id,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
}

// Revision is one entry of the store's log, read by an observer of its own: the truth that all else is held against.
type Revision struct {
	Revision int64  `json:"rev"`
	Key      string `json:"key"`
	Deleted  bool   `json:"deleted,omitempty"`
	Created  int64  `json:"created,omitempty"`  // the revision at which this incarnation of the key was created
	Previous int64  `json:"previous,omitempty"` // the modification revision that this one replaces; 0: the key was absent
	// Resource, Namespace, Name, UID and Object are decoded from the value; of a deletion, from the value deleted.
	Resource  string          `json:"resource,omitempty"`
	Namespace string          `json:"namespace,omitempty"`
	Name      string          `json:"name,omitempty"`
	UID       string          `json:"uid,omitempty"`
	Hash      string          `json:"hash,omitempty"`   // of the stored bytes
	Object    json.RawMessage `json:"object,omitempty"` // as JSON, with its resourceVersion; absent in a deletion
}

// Compact tells that history up to and including Revision is gone.
type Compact struct {
	Revision int64 `json:"revision"`
}

// Watch is the opening of a watch by a client. Its WatchEvents follow as Event lines with the same ID.
type Watch struct {
	ID        string `json:"id"`
	Client    string `json:"client"`
	Server    string `json:"server,omitempty"`
	Layer     Layer  `json:"layer"`
	Resource  string `json:"resource,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Labels    string `json:"labels,omitempty"`
	Fields    string `json:"fields,omitempty"`
	Key       string `json:"key,omitempty"` // the prefix, at the store
	// ResourceVersion is the point after which changes were asked for, as asked.
	ResourceVersion string `json:"resourceVersion,omitempty"`
	// InitialEvents: the watch asked for the present state as ADDED events, ended by a marked bookmark.
	InitialEvents bool `json:"initialEvents,omitempty"`
}

// Event is one WatchEvent as the client received it, or the end of the watch.
type Event struct {
	Watch string `json:"watch"`
	// Type is ADDED, MODIFIED, DELETED, BOOKMARK, ERROR, or END when the stream was closed.
	Type   string `json:"type"`
	Object Ref    `json:"object,omitzero"`
	// Previous is, at the store, the version that was replaced or deleted, as the watch delivered it.
	Previous *Ref `json:"previous,omitempty"`
	// InitialEnd marks the bookmark that ends the initial events.
	InitialEnd bool `json:"initialEnd,omitempty"`
	// Reason and Code are those of the Status in an ERROR.
	Reason string `json:"reason,omitempty"`
	Code   int    `json:"code,omitempty"`
}

// Step is one turn of a component's loop: the decision it took for one key, and in what view.
type Step struct {
	Component string `json:"component"`
	Key       string `json:"key"`
	// View is the resourceVersion of the component's cache, per resource that it has listed.
	View map[string]int64 `json:"view,omitempty"`
	// Own are the component's own writes that its cache did not show yet but its decision saw.
	Own []Ref `json:"own,omitempty"`
	// Look is what a component that also decides from what no store holds saw of that under the key; nil: it does not, or decided nothing.
	Look *Look `json:"look,omitempty"`
	// Plan is what it decided to do, in order.
	Plan []Effect `json:"plan,omitempty"`
	// Why is the decision in plain words.
	Why string `json:"why,omitempty"`
}

// Effect is one intended request to the outside. Call is the ID of the Call that performs it, where one does.
type Effect struct {
	Call            string `json:"call,omitempty"`
	Verb            string `json:"verb"`
	Object          Ref    `json:"object,omitzero"`
	Subresource     string `json:"subresource,omitempty"`
	ResourceVersion string `json:"resourceVersion,omitempty"`
	Why             string `json:"why,omitempty"`
}

// Look is what a component knew, when it decided, of what no store holds: a kubelet of what its runtime has under the name of a pod, of whatever
// UID, a proxy of its kernel, and the node lifecycle controller of what it has measured.
type Look struct {
	// Rules is the hash of the set that a proxy knew its kernel to hold; empty: it was not sure.
	Rules string `json:"rules,omitempty"`
	// Static is the UID of the static pod that a kubelet had under the name, or of what was left of one where it had no pod; no API server has it.
	Static string `json:"static,omitempty"`
	// Stale: it may not show what the kubelet's own last call has done.
	Stale    bool      `json:"stale,omitempty"`
	Seen     []Seen    `json:"seen,omitempty"`
	Measured *Measured `json:"measured,omitempty"`
}

// Measured is what the node lifecycle controller had measured about a node, by its own clock and in nanoseconds, each from when it saw what the
// duration begins with.
type Measured struct {
	Policy NodePolicy `json:"policy"`
	// Quiet is for how long no renewal of the node's lease or status was seen, Missing for how long no node, Since how long ago a node of its
	// zone was last tainted, or the controller began.
	Quiet   int64 `json:"quiet,omitempty"`
	Missing int64 `json:"missing,omitempty"`
	Since   int64 `json:"since,omitempty"`
	// Held are the node's NoExecute taints.
	Held []Held `json:"held,omitempty"`
}

// Held is a taint of the effect NoExecute, and for how long it was seen.
type Held struct {
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
	For   int64  `json:"for,omitempty"`
}

// NodePolicy is by what the node lifecycle controller decides: durations in nanoseconds, of which -1 is never, a share in percent, and numbers of
// nodes.
type NodePolicy struct {
	Grace      int64 `json:"grace"`
	Quarantine int64 `json:"quarantine"`
	Pace       int64 `json:"pace"`
	Slow       int64 `json:"slow"`
	Few        int   `json:"few"`
	Share      int   `json:"share"`
	Large      int   `json:"large"`
}

// Seen is one sandbox, or one attempt of a container.
type Seen struct {
	UID       string `json:"uid"`                 // of the pod
	Container string `json:"container,omitempty"` // its name; empty: it is a sandbox
	Attempt   int    `json:"attempt,omitempty"`
	ID        string `json:"id"`
	Sandbox   string `json:"sandbox,omitempty"` // the ID of the one in which a container was made
	// State is ready or dead of a sandbox; created, running, exited or unknown of a container.
	State    string `json:"state"`
	ExitCode int    `json:"exitCode,omitempty"`
}

// Container is ground truth from a node: what really happened to one container, told by the runtime's own events and
// not by the kubelet.
type Container struct {
	Node      string `json:"node"`
	PodUID    string `json:"podUID"`
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	// Container is the container's name, empty for the pod's sandbox.
	Container string `json:"container,omitempty"`
	Attempt   int    `json:"attempt"`
	ID        string `json:"id"`
	// State is created, started, exited or removed.
	State    string `json:"state"`
	ExitCode int    `json:"exitCode,omitempty"`
	// At is when it happened, on the trace's clock, by the runtime's own account; the line's Time is when the observer
	// heard of it. 0: unknown, some time before the line.
	At int64 `json:"at,omitempty"`
}

// Rules is a proxy's rule set that has been applied to a node.
//
// Hash is [HashOf] of the rules as text, a line for each, in the order of addresses, and of one address TCP first:
//
//	tcp 10.96.0.1:443 to 10.88.1.2:6443 10.88.2.2:6443 affinity 10800 masquerade
//	udp 0.0.0.0:30053 reject
//
// A rule whose address is 0.0.0.0 is for a port of the node. Targets are in order; affinity is in seconds.
type Rules struct {
	Node string `json:"node"`
	// View is the resourceVersion of the caches from which the set follows, by resource.
	View map[string]int64 `json:"view,omitempty"`
	Hash string           `json:"hash"`
}

// Request is one request of a pod to a service, by a connection of its own, as the pod saw it. The line is written when it was over.
type Request struct {
	// Node is where the client runs, and UID that of its pod.
	Node string `json:"node"`
	UID  string `json:"uid"`
	// Service is NAMESPACE/NAME, and Address what was connected to, by TCP.
	Service string `json:"service"`
	Address string `json:"address"`
	// Begin is before anything was sent, on the trace's clock.
	Begin int64 `json:"begin"`
	// Outcome is OK with an answer, Failed where the connection was refused, and else Unknown, for the Reason.
	Outcome Outcome `json:"outcome"`
	// Answer is the name of the pod that says it has answered.
	Answer string `json:"answer,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Reasons of requests that are told apart from all others: it was given up, or nobody had the address.
const (
	Timeout     = "Timeout"
	Unreachable = "Unreachable"
)

// Digest is an API server's watch cache, summed up at one resourceVersion, so that it can be held against the store.
type Digest struct {
	Server   string `json:"server"`
	Resource string `json:"resource"`
	Revision int64  `json:"revision"`
	Count    int    `json:"count"`
	// Hash is [DigestOf] over the objects in the cache.
	Hash string `json:"hash"`
}

// Fault is the beginning or the end of one fault. A fault that did not bite is recorded as such.
type Fault struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Target string `json:"target"`
	// State is begin or end.
	State string `json:"state"`
	// Effect is what was observed, in an end: packets dropped, fsyncs held, processes killed.
	Effect map[string]int64 `json:"effect,omitempty"`
	// Bit: the observed effect shows that the fault happened.
	Bit bool `json:"bit,omitempty"`
}

// Phase begins a part of the run: setup, safety, heal, liveness or end.
type Phase struct {
	Name string `json:"name"`
}

// Phases of a run, in their order.
const (
	Setup    = "setup"    // before any fault
	Safety   = "safety"   // workload under faults
	Heal     = "heal"     // all faults end, and clients stop
	Liveness = "liveness" // nobody interferes: the cluster must converge
	Settled  = "settled"  // converged: from here on no further write
	End      = "end"
)

// Sometimes tells that an interesting state, named by the scenario, was reached.
type Sometimes struct {
	Name string `json:"name"`
}

// Life is the start or the end of one process of the cluster; or, with the name of a lease, that the process which writes the line comes to
// lead by it, or does no longer and has stopped to act.
type Life struct {
	Name    string `json:"name"`
	Machine string `json:"machine,omitempty"`
	State   string `json:"state"` // start, exit, leads, follows
	Why     string `json:"why,omitempty"`
}

// What becomes of a candidate for a lease.
const (
	Leads   = "leads"
	Follows = "follows"
)
