// Package metrics is what the processes of a cluster count of themselves, and how that is read, in the format of Prometheus.
//
// The contract:
//
//  1. A process has one [Registry], made by its command where metrics were asked for. Where they were not it is nil, and a nil Registry leaves every seam as it
//     was: nothing is wrapped, counted or allocated. Simulated clusters have none.
//  2. It counts at seams that are there anyway, from outside: a component's decisions know nothing of it.
//  3. Labels have few values: no names of objects, and no paths that a client may choose.
//  4. What is served elsewhere than by the API server needs no authorization, so it belongs on an address that only this machine, or only the cluster, reaches.
//
// The names and labels are upstream's, v1.37, but for those that begin with orrery_, which upstream has not:
//
//	rest_client_requests_total, rest_client_request_duration_seconds            client-go, at the transport
//	workqueue_depth, workqueue_adds_total, workqueue_retries_total              client-go, at the loop: name is the component's
//	workqueue_queue_duration_seconds, workqueue_work_duration_seconds           client-go, at the loop
//	orrery_loop_effects_total, orrery_loop_effects_in_flight                    what a loop sent, by outcome
//	leader_election_master_status                                               client-go
//	scheduler_schedule_attempts_total                                           the scheduler; profile is default-scheduler
//	kubelet_runtime_operations_total and two more, kubelet_running_*            the kubelet, at its container runtime
//	apiserver_request_*, apiserver_current_inflight_requests, apiserver_longrunning_requests    the API server, at its HTTP
//	etcd_requests_total, etcd_request_errors_total, etcd_request_duration_seconds               the API server, at its store
//	apiserver_watch_cache_resource_version                                      the API server
//	go_*, process_*                                                             of every process
//
// etcd's are its own: its member serves them itself.
//
// Upstream: rest_client_request_duration_seconds has as its verb the method, too; apiserver_current_inflight_requests is the most of the last second, here
// what is now; a retry of a queue is also a key that is looked at again by itself, here one only that has to wait for its backoff; the work on a key
// is all that is done for it, here what is decided, as what is sent is measured by itself.
//
// **Not done**: metrics of resources (/metrics/resource, /metrics/cadvisor), service level indicators (/metrics/slis), metrics of the garbage
// collector's and of each other controller's own; HTTPS and authorization other than the API server's.
//
// Sources: k8s.io/component-base v0.37 metrics/prometheus; k8s.io/apiserver v0.37 pkg/endpoints/metrics and pkg/storage/etcd3/metrics;
// kubernetes v1.37 pkg/kubelet/metrics and pkg/scheduler/metrics.
package metrics
