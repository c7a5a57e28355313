package workload

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// Robots create and delete pods that run as an account which comes and goes.
var Robots = Kind{Name: "robots", perMinute: 20, requests: []weighted{
	{3, runRobot},
	{1, deleteRobot},
	{1, robotAccount},
}}

// robot is the account that [Accounts] create and delete, besides the one that is always there.
const robot = "robot"

var robotNames = []string{"robot-a", "robot-b"}

func runRobot(_ *Client, choose Choices) (api.Request, bool) {
	spec := PodSpec("serve")
	spec.ServiceAccountName, spec.RestartPolicy = robot, corev1.RestartPolicyNever
	return createPod(pick(choose, robotNames), robot, spec), true
}

func deleteRobot(_ *Client, choose Choices) (api.Request, bool) {
	return api.Request{Verb: api.Delete, Resource: pods, Namespace: Namespace, Name: pick(choose, robotNames)}, true
}

func robotAccount(*Client, Choices) (api.Request, bool) {
	return api.Request{Verb: api.Create, Resource: serviceAccounts, Namespace: Namespace, Name: robot,
		Object: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: robot, Namespace: Namespace}}}, true
}
