// Package controller is the process of the controllers: each of them a [control.Component] in a loop of its own, all in one
// process, as upstream's kube-controller-manager has them.
//
// # Not done
//
// Upstream's other controllers, such as those of deployments and jobs.
//
// Source: Kubernetes v1.37 cmd/kube-controller-manager/app, for one process of many controllers.
package controller
