// Package world is the tests of the real world as a user meets it: nothing but bin/, its command line, kubectl, an informer,
// and kill -9.
//
//	kubectl_test.go    what stock kubectl prints: testdata/kubectl.txt, as a transcript
//	kill_test.go       whatever is killed comes back, and the containers do not notice
//	service_test.go    a service, asked from everywhere, while proxies, pods and a machine are taken away
//	informer_test.go   an unmodified informer across the restart of its API server, judged by history_test.go
//	load_test.go       images made elsewhere
//	bad_test.go        bad command lines, hosts that lack something, runs that are interrupted or killed
//	bad_test.go        wrong input, poor hosts, and runs that are interrupted or killed
//
// Every test has a cluster of its own, made by `orrery up` as a child process, ended by SIGTERM, after which nothing may be
// left on the host. There is one cluster per host: the tests wait their turn.
//
// **Not done**: kubectl attach, port-forward, cp, proxy and auth; deletion that cascades, which the cluster does not do yet.
package world
