package invariant

import "errors"

// guarantee is a promise with its row in INVARIANTS.md. Its text is the guarantee in one sentence.
type guarantee struct {
	row int
	error
}

func promise(row int, text string) guarantee { return guarantee{row, errors.New(text)} }

// What is promised of objects in the store, at every revision.
var (
	UIDs              = promise(9, "a UID is set at creation, never changes, and is never given to another object")
	Generations       = promise(13, "metadata.generation never decreases, and status.observedGeneration never exceeds it")
	DeletionTimestamp = promise(14, "metadata.deletionTimestamp, once set, is never unset nor moved later")
	GracePeriod       = promise(15, "the grace period of a deletion is only ever shortened")
	FinalizersKept    = promise(16, "an object with finalizers is removed by no other write than the one that takes the last of them away while it is being deleted")
	NoNewFinalizers   = promise(17, "an object that is being deleted gets no new finalizer")
	OneController     = promise(18, "an object has at most one owner reference with controller=true")
	InNamespace       = promise(28, "an object is created only in a namespace that exists and is not being deleted")
	OneAddress        = promise(30, "no two services that are there have the same cluster IP or node port")
	CacheEqualsStore  = promise(26, "a watch cache at a resourceVersion holds what the store holds at that revision")
	BoundOnce         = promise(31, "spec.nodeName of a pod is set once and never changes")
	BindsOnlyPending  = promise(46, "the scheduler binds only pods without a node, with its scheduler name, that are not being deleted")
	BindsWhereItFits  = promise(49, "the scheduler binds a pod only to a node that, as it last saw it, takes the pod: selector, taints, unschedulable")
	NoOvercommit      = promise(50, "with one scheduler, the requests of the pods bound to a node never exceed what is allocatable on it")
	PreemptsLower     = promise(52, "the scheduler deletes a pod only to make room for a waiting one of higher priority that may preempt")
	SameObject        = promise(37, "what a component decided about an object is done to that object, and not to another that has its name by then")
	RestartsCounted   = promise(83, "a container's restartCount never decreases for one pod UID")
	OneActs           = promise(44, "of the processes that stand for a lease only the one acts that has come to lead last, and that leads")
	EndsBeforeGone    = promise(89, "a pod whose containers have run reaches a terminal phase before it is removed")
)

// What is promised of namespaces.
var (
	NamespaceFinalized = promise(29, "a namespace is removed only by the write that takes the last of its finalizers away while it is being deleted")
	NamespaceEmpty     = promise(107, "when a namespace is removed no object of it is left in the store")
)

// What is promised of the replication controller.
var (
	DeletesOwn       = promise(57, "a replication controller deletes only pods that carry its controller reference when the deletion takes effect")
	CreatesNoExcess  = promise(64, "a replication controller creates no pod beyond its owner's replicas, its own unseen writes included")
	DeletesExcess    = promise(58, "a replication controller deletes a pod only where its owner has more pods than it wants, other owners' pods not counted")
	TerminatingQuiet = promise(59, "a replication controller whose owner is being deleted writes nothing but its status")
)

// What is promised of who looks after nodes.
var (
	DoubtsSilent     = promise(68, "a node's condition becomes unknown only if the store, when last asked, knew of no renewal of its lease or status for the grace period")
	EvictsIntolerant = promise(71, "a pod is evicted only if its node, when last read, had had a NoExecute taint for as long as the pod tolerates")
	TaintsAtPace     = promise(72, "nodes of a zone are tainted one at a time, each the zone's pace after the last, and none while no node of all is ready")
	Graceful         = promise(73, "no component but a kubelet removes a pod at once, unless the pod's node is absent or out of service")
	CollectsStranded = promise(74, "a pod is removed at once only if its node, when last read, was absent, or out of service and the pod being deleted")
	StrandedGo       = promise(75, "pods of a node that is gone are removed in the end")
)

// What is promised of the controller of Endpoints.
var (
	PublishesAsIs = promise(97, "the controller of Endpoints writes of an address only what was so of its pod at some time before: selected, not ended nor being deleted, ready or not")
	LeavesOthers  = promise(100, "the controller of Endpoints writes only those of a service with a selector, and deletes only those whose label says that it has made them")
)

// What is promised of the garbage collector.
var (
	CollectsOwnerless = promise(109, "the garbage collector deletes only an object of which every owner is gone, has another UID, or is being deleted, and names its UID")
	OrphansFirst      = promise(110, "an owner that is to orphan its dependents goes only after none refers to it any more")
	DependentsFirst   = promise(111, "an owner that is deleted in the foreground goes only after every dependent that blocks it")
)

// What is promised of the controller of service accounts.
var (
	PurgesOrphans = promise(104, "a secret with the token of a service account is purged only if its account is gone, or was at some time since the secret was made")
	OneGenerated  = promise(106, "a service account has at most one token that nobody asked for")
)

// ListedFirst is what is promised of the proxies' rules.
var ListedFirst = promise(114, "a proxy applies no rules before it has listed all services and all slices")

// What is promised of the processes on the nodes.
var (
	EndedStaysEnded = promise(78, "no container of a pod starts after the pod's phase is Succeeded or Failed")
	OneNodePerUID   = promise(79, "the containers of a pod UID run on one node only")
	GoneStaysGone   = promise(80, "no container of a pod starts after the pod has been removed")
	OneLivePerName  = promise(81, "at most one container runs at a time for a pod UID and container name")
	RestartPolicy   = promise(82, "a container that has ended is started again only as its pod's restartPolicy says")
	InitFirst       = promise(85, "init containers run one after the other to success before any other container starts")
	StopsFirst      = promise(86, "a kubelet stops or removes a sandbox, or removes a container, only when nothing that it has seen running there runs any more")
	OnePodPerName   = promise(87, "at most one pod of a name has running containers at a time, unless it was deleted by force")
	StoppedThenGone = promise(88, "a pod is removed only after all of its containers have ended, unless it was deleted by force")
)
