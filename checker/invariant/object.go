package invariant

import (
	"encoding/json"
	"slices"

	"orrery/checker/history"
)

// object is what the guarantees need to know of a stored object, of whatever kind.
type object struct {
	Metadata struct {
		UID             string            `json:"uid"`
		Labels          map[string]string `json:"labels"`
		Generation      int64             `json:"generation"`
		Finalizers      []string          `json:"finalizers"`
		OwnerReferences []ownerReference  `json:"ownerReferences"`
		// DeletionTimestamp is RFC 3339 in UTC and whole seconds, so that later is greater.
		DeletionTimestamp          string `json:"deletionTimestamp"`
		DeletionGracePeriodSeconds *int64 `json:"deletionGracePeriodSeconds"`
	} `json:"metadata"`
	Spec struct {
		// Of a pod.
		NodeName       string            `json:"nodeName"`
		SchedulerName  string            `json:"schedulerName"`
		NodeSelector   map[string]string `json:"nodeSelector"`
		RestartPolicy  string            `json:"restartPolicy"`
		Containers     []container       `json:"containers"`
		InitContainers []container       `json:"initContainers"`
		Tolerations    []toleration      `json:"tolerations"`
		Overhead       resources         `json:"overhead"`
		// Of a node.
		Unschedulable bool    `json:"unschedulable"`
		Taints        []taint `json:"taints"`
		// Of an owner.
		Replicas *int64 `json:"replicas"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration    int64             `json:"observedGeneration"`
		Phase                 string            `json:"phase"`
		Allocatable           resources         `json:"allocatable"`
		ContainerStatuses     []containerStatus `json:"containerStatuses"`
		InitContainerStatuses []containerStatus `json:"initContainerStatuses"`
	} `json:"status"`
}

type ownerReference struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

type container struct {
	Name          string `json:"name"`
	RestartPolicy string `json:"restartPolicy"`
	Resources     struct {
		Requests resources `json:"requests"`
	} `json:"resources"`
}

type containerStatus struct {
	Name         string `json:"name"`
	RestartCount int64  `json:"restartCount"`
}

type taint struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Effect string `json:"effect"`
}

type toleration struct {
	Key      string `json:"key"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
	Effect   string `json:"effect"`
}

// objects decodes versions, each once.
type objects map[*history.Version]*object

// of is the object in a version; nil for a deletion or an absent version.
func (o objects) of(v *history.Version) (*object, error) {
	if v == nil || v.Deleted || len(v.JSON) == 0 {
		return nil, nil
	}
	if known, ok := o[v]; ok {
		return known, nil
	}
	decoded := new(object)
	if err := json.Unmarshal(v.JSON, decoded); err != nil {
		return nil, err
	}
	o[v] = decoded
	return decoded, nil
}

// controller is the owner reference that manages the object, if there is one.
func (o *object) controller() (ownerReference, bool) {
	i := slices.IndexFunc(o.Metadata.OwnerReferences, func(r ownerReference) bool { return r.Controller })
	if i < 0 {
		return ownerReference{}, false
	}
	return o.Metadata.OwnerReferences[i], true
}

// terminal: a pod that has ended, and is for ever.
func (o *object) terminal() bool { return o.Status.Phase == "Succeeded" || o.Status.Phase == "Failed" }

// active: a pod that counts for its owner.
func (o *object) active() bool { return !o.terminal() && o.Metadata.DeletionTimestamp == "" }

// tolerates reports whether the pod o may be put on a node with that taint.
func (o *object) tolerates(t taint) bool {
	if t.Effect != "NoSchedule" && t.Effect != "NoExecute" {
		return true
	}
	return slices.ContainsFunc(o.Spec.Tolerations, func(tol toleration) bool {
		if tol.Effect != "" && tol.Effect != t.Effect || tol.Key != "" && tol.Key != t.Key {
			return false
		}
		return tol.Operator == "Exists" || tol.Key != "" && tol.Value == t.Value
	})
}
