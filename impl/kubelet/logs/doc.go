// Package logs reads what container runtimes write of their containers' output, in the format that CRI prescribes:
//
//	2016-10-06T00:17:09.669794202Z stdout F The content of the log entry 1
//	2016-10-06T00:17:09.669794202Z stderr P The beginning of a long lin
//	2016-10-06T00:17:09.669794203Z stderr F e
//
// time, stream, tags (P: the line goes on in the next entry; F: it ends here), content.
//
//  1. [Copy] writes the content of what is in a file now, [Follow] also what is appended until the container has ended.
//  2. A line that is no entry ends the copy with an error that names it; what came before has been written. A last line
//     without its end is not yet written, and is waited for or left out.
//
// **Not done**: rotation (this kubelet rotates no logs).
//
// Sources: kubernetes pkg/kubelet/kuberuntime/logs/logs.go v1.37; design-proposals node/kubelet-cri-logging.md.
package logs
