// Package server is the kubelet's HTTPS server, which API servers ask on behalf of `kubectl logs`, `exec`, `attach` and
// `port-forward`:
//
//	GET  /containerLogs/NAMESPACE/POD/CONTAINER   follow, tailLines, previous, sinceSeconds, sinceTime, timestamps, limitBytes, stream
//	     /exec/NAMESPACE/POD/CONTAINER            command, input, output, error, tty; upgraded
//	     /attach/NAMESPACE/POD/CONTAINER          input, output, error, tty; upgraded
//	     /portForward/NAMESPACE/POD               port; upgraded
//	GET  /pods                                    the pods that are on the node
//	GET  /healthz
//
// Every caller must show a certificate of the cluster's authority that names it a member of system:masters, as the API
// servers' own does. Errors are text, as upstream's.
//
// A stream is joined with the runtime's own streaming server: whatever is spoken on it, SPDY or WebSocket, is between the
// client and the runtime.
//
// **Not done**: statistics, metrics, profiles, /run, checkpoints.
//
// Source: kubernetes pkg/kubelet/server/server.go, v1.37.
package server
