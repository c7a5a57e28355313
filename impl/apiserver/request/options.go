package request

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"orrery/impl/api"
)

// From is how new a list must be. See the table in the package comment.
type From int

const (
	Consistent   From = iota // the most recent state, as of some moment within the request
	Any                      // whatever the Cache holds
	NotOlderThan             // at least Revision
	Exact                    // exactly Revision
)

// extent is what a list's resourceVersion, resourceVersionMatch, limit and continue come to.
type extent struct {
	from     From
	revision int64
	start    string // the key to go on from
	limit    int64  // 0: none
	paging   bool   // start came out of a continue token
}

// extentOf reads a list's options. prefix is that of the keys listed.
func extentOf(req api.Request, prefix string) (extent, error) {
	if err := validateList(req); err != nil {
		return extent{}, err
	}
	wanted, err := api.ParseResourceVersion(req.ResourceVersion)
	if err != nil {
		return extent{}, apierrors.NewBadRequest(err.Error())
	}
	e := extent{limit: max(req.Limit, 0), revision: wanted}
	switch {
	case req.Continue != "":
		if wanted != 0 {
			return extent{}, apierrors.NewBadRequest("specifying resource version is not allowed when using continue")
		}
		start, revision, err := decodeToken(req.Continue, prefix)
		if err != nil {
			return extent{}, apierrors.NewBadRequest(fmt.Sprintf("invalid continue token: %v", err))
		}
		e.start, e.paging = start, true
		if revision > 0 {
			e.from, e.revision = Exact, revision
		}
	case req.ResourceVersion == "":
		e.from = Consistent
	case wanted == 0:
		e.from, e.limit = Any, 0 // upstream's cache serves all of it, and reflectors count on that
	case req.Match == metav1.ResourceVersionMatchExact, req.Match == "" && e.limit > 0:
		e.from = Exact
	default:
		e.from = NotOlderThan
	}
	return e, nil
}

var matchPath = field.NewPath("resourceVersionMatch")

// validateList refuses what upstream refuses, in its words
// (staging/src/k8s.io/apimachinery/pkg/apis/meta/internalversion/validation).
func validateList(req api.Request) error {
	var errs field.ErrorList
	if req.Match != "" {
		if req.ResourceVersion == "" {
			errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
		}
		if req.Continue != "" {
			errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden when continue is provided"))
		}
		if req.Match != metav1.ResourceVersionMatchExact && req.Match != metav1.ResourceVersionMatchNotOlderThan {
			errs = append(errs, field.NotSupported(matchPath, req.Match, []string{
				string(metav1.ResourceVersionMatchExact), string(metav1.ResourceVersionMatchNotOlderThan), ""}))
		}
		if req.Match == metav1.ResourceVersionMatchExact && req.ResourceVersion == "0" {
			errs = append(errs, field.Forbidden(matchPath, `resourceVersionMatch "exact" is forbidden for resourceVersion "0"`))
		}
	}
	if req.InitialEvents {
		errs = append(errs, field.Forbidden(field.NewPath("sendInitialEvents"), "sendInitialEvents is forbidden for list"))
	}
	return invalidOptions(errs)
}

// validateWatch is the same for a watch.
func validateWatch(req api.Request) error {
	var errs field.ErrorList
	if req.InitialEvents && req.Match != metav1.ResourceVersionMatchNotOlderThan {
		errs = append(errs, field.Forbidden(matchPath, fmt.Sprintf("sendInitialEvents requires setting resourceVersionMatch to %s", metav1.ResourceVersionMatchNotOlderThan)))
	}
	if req.Match != "" {
		if !req.InitialEvents {
			errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
		}
		if req.Match != metav1.ResourceVersionMatchNotOlderThan {
			errs = append(errs, field.NotSupported(matchPath, req.Match, []string{string(metav1.ResourceVersionMatchNotOlderThan), ""}))
		}
		if req.Continue != "" {
			errs = append(errs, field.Forbidden(matchPath, "resourceVersionMatch is forbidden when continue is provided"))
		}
	}
	return invalidOptions(errs)
}

func invalidOptions(errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "ListOptions"}, "", errs)
}
