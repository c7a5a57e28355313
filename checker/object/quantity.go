package object

import (
	"fmt"
	"math/big"
	"strings"
)

// Resources are quantities as Kubernetes writes them, by resource name.
type Resources map[string]string

// Amounts are exact quantities by resource name.
type Amounts map[string]*big.Rat

// Add adds what r asks for.
func (a Amounts) Add(r Resources) error {
	for name, text := range r {
		q, err := ParseQuantity(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if a[name] == nil {
			a[name] = new(big.Rat)
		}
		a[name].Add(a[name], q)
	}
	return nil
}

// Requests is what a pod asks of its node: all containers together, or the greatest init container where that is more,
// plus the overhead; an init container that restarts always (a sidecar) runs beside all that come after it.
//
// Source: k8s.io/component-helpers/resource, PodRequests.
func (o *Object) Requests() (Amounts, error) {
	total, sidecars, start := Amounts{}, Amounts{}, Amounts{}
	for _, c := range o.Spec.Containers {
		if err := total.Add(c.Resources.Requests); err != nil {
			return nil, err
		}
	}
	for _, c := range o.Spec.InitContainers {
		now := Amounts{}
		now.AddAll(sidecars)
		if err := now.Add(c.Resources.Requests); err != nil {
			return nil, err
		}
		if c.RestartPolicy == "Always" {
			sidecars = now
		}
		start.raise(now)
	}
	total.AddAll(sidecars)
	total.raise(start)
	return total, total.Add(o.Spec.Overhead)
}

// AddAll adds b.
func (a Amounts) AddAll(b Amounts) {
	for name, q := range b {
		if a[name] == nil {
			a[name] = new(big.Rat)
		}
		a[name].Add(a[name], q)
	}
}

func (a Amounts) raise(b Amounts) {
	for name, q := range b {
		if a[name] == nil || a[name].Cmp(q) < 0 {
			a[name] = q
		}
	}
}

// suffixes of quantities, longest first where one ends with another.
var suffixes = []struct {
	text       string
	base       int64
	power      int64
	reciprocal bool
}{
	{"Ki", 1024, 1, false}, {"Mi", 1024, 2, false}, {"Gi", 1024, 3, false}, {"Ti", 1024, 4, false}, {"Pi", 1024, 5, false}, {"Ei", 1024, 6, false},
	{"n", 1000, 3, true}, {"u", 1000, 2, true}, {"m", 1000, 1, true},
	{"k", 1000, 1, false}, {"M", 1000, 2, false}, {"G", 1000, 3, false}, {"T", 1000, 4, false}, {"P", 1000, 5, false}, {"E", 1000, 6, false},
}

// ParseQuantity reads a quantity: a decimal number with an optional suffix or exponent.
//
// Source: k8s.io/apimachinery/pkg/api/resource, Quantity.
func ParseQuantity(text string) (*big.Rat, error) {
	number, factor := text, big.NewRat(1, 1)
	for _, s := range suffixes {
		if rest, ok := strings.CutSuffix(text, s.text); ok {
			number = rest
			power := new(big.Int).Exp(big.NewInt(s.base), big.NewInt(s.power), nil)
			factor.SetInt(power)
			if s.reciprocal {
				factor.Inv(factor)
			}
			break
		}
	}
	q, ok := new(big.Rat).SetString(number)
	if !ok || strings.ContainsAny(number, "/_xXoObB") {
		return nil, fmt.Errorf("%q is no quantity", text)
	}
	return q.Mul(q, factor), nil
}
