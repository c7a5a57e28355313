package control

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ByOwner finds objects by the UID of their controlling owner; "" are those that have none.
var ByOwner = Index{Name: "owner", Values: func(obj metav1.Object, add func(string)) {
	if ref := metav1.GetControllerOfNoCopy(obj); ref != nil {
		add(string(ref.UID))
		return
	}
	add("")
}}

// ByNode finds pods by spec.nodeName; "" are those that have none.
var ByNode = Index{Name: "node", Values: func(obj metav1.Object, add func(string)) {
	if pod, ok := obj.(*corev1.Pod); ok {
		add(pod.Spec.NodeName)
	}
}}

// ByNamespace finds objects by their namespace.
var ByNamespace = Index{Name: "namespace", Values: func(obj metav1.Object, add func(string)) {
	add(obj.GetNamespace())
}}
