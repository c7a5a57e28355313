// Package trace is the format in which a run tells what it did: orrery-trace/1.
//
// # The format
//
// A trace is UTF-8 text in JSON Lines: one JSON object per line, each line ended by "\n" and at most [MaxLine] bytes long.
// A line without its "\n" is torn: its writer was killed. The first line is the [Header], every other a [Line]. The Go
// types in trace.go are the whole of the schema, with the meaning of every field; the names in the JSON are those of
// their tags. A field that is absent has its zero value.
//
//	{"format":"orrery-trace/1","mode":"real","seed":7,"scenario":"spine",...}
//	{"n":1,"t":81274000,"p":"workload","call":{"id":"c1/1","client":"c1","layer":"api","verb":"create",...}}
//	{"n":2,"t":81301000,"p":"etcd-log","revision":{"rev":12,"key":"/registry/pods/default/a",...}}
//	{"n":3,"t":81329000,"p":"workload","return":{"id":"c1/1","outcome":"ok","object":{...,"rv":12}}}
//
// A line has a number n, a time t, a process p, and one of these:
//
//	call, return         an operation at the API (recorded by the client) or on the store (by the API server)
//	revision, compact    the store's log, read by an observer that nobody else depends on
//	watch, event         a watch and what it delivered, of either layer
//	step                 one decision of a component, with the view it was taken in; of a kubelet also its look at the runtime
//	container, rules     what really ran on a node, and what its proxy was told
//	request              what became of a pod's request to a service, in a real run
//	digest               a watch cache, summed up
//	fault                the beginning or end of a fault, with the effect that was observed
//	phase, sometimes     where the run is, and what it has reached
//	life                 the start or end of a process, and when it begins and ceases to lead
//
// # What holds
//
//  1. A call is written before the request is sent, a return after the answer was received. Between the two, and nowhere
//     else, the operation took effect; with the outcome unknown, or without a return, also later or never.
//  2. IDs are unique in the whole trace, over restarts of a process too. A client has one operation open at a time; after
//     an unknown outcome, and in a process that was started again, it has another name.
//  3. t is nanoseconds of CLOCK_MONOTONIC, the same for all processes of a host; in a simulated run, of the virtual clock.
//     It never goes back from one line to the next. In a real run two processes' lines with the same t may have happened
//     either way; in a simulated one the order of lines is the order of what happened.
//  4. n counts the lines after the header from 1. The file of one process, whose header has "process", has no n; see
//     [Open] for writing and [Merge] for joining such files.
//  5. A revision line comes after its commit; all lines of revisions together are the whole log after the header's revision.
//  6. hash is [HashOf] the stored bytes, wherever it stands; the hash of a digest is [DigestOf].
//  7. The compact operation at the store has its revision in "at".
//  8. The look of a step is what the kubelet believed; what really ran is in the container lines. It is there in each step about the pods of a
//     name that has a plan, also where nothing was seen. Traces from before it was added have none.
//  9. The time of a request's line is after its answer was received, or nothing more was waited for.
//
// # Versions
//
// A reader skips fields and kinds of lines that it does not know, so both may be added without a new version; what is
// there is never given another meaning. A change that an old reader would misunderstand makes it orrery-trace/2, and a
// reader of 2 still reads 1: an old trace stays judgeable for ever.
//
// **Not done**: compression, which lies in checker/history, as this package uses the standard library only; times that
// can be compared between hosts.
//
// Sources: DESIGN.md section 5; JSON Lines; TLA+ trace validation (CCF, etcd raft) for steps.
package trace
