package apiserver

import (
	"net/netip"
	"time"

	"k8s.io/apimachinery/pkg/types"
	utilrand "k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/uuid"

	"orrery/impl/apiserver/cache"
	"orrery/impl/apiserver/registry"
	"orrery/impl/store"
	"orrery/impl/token"
	"orrery/impl/trace"
)

// Config says how a Server runs. Only Store is required; a zero value stands for the default.
type Config struct {
	// Name tells this server from the others over the same store, in traces.
	Name  string
	Store store.Store
	// Sink takes the digests of the caches; for the calls to the store see [store.Recorded].
	Sink trace.Sink
	// Clock, NewUID and NewSuffix are where time and chance come from.
	Clock     func() time.Time
	NewUID    func() types.UID
	NewSuffix func() string
	// Tokens issues the tokens of service accounts; nil: the server does not.
	Tokens *token.Issuer
	// Accounts: every new pod gets a service account, and a volume with its token.
	Accounts bool
	// Authorization: requests that carry a user are bound by what that user may do (see authorize.go), and the roles that every cluster has are
	// made. Requests without one, of the server itself or of a program in the same process, may do everything.
	Authorization bool
	// Warn is told what went wrong outside of any request.
	Warn func(error)

	// Window is the number of events that each resource's cache keeps.
	Window int
	// RequestTimeout bounds every request but a watch.
	RequestTimeout time.Duration
	// BookmarkEvery is how often a watch that wants bookmarks gets one.
	BookmarkEvery time.Duration
	// DigestEvery is how often the caches are summed up in the trace. Negative: never.
	DigestEvery time.Duration
	// CompactEvery is the least age of the history that is forgotten. Negative: nothing is.
	CompactEvery time.Duration
	// EventTTL is after how long an Event is removed. Negative: never.
	EventTTL time.Duration
	// SweepEvery is how often Events are looked through.
	SweepEvery time.Duration
	// Ranges is where the addresses of Services come from: the same of all servers over one store.
	Ranges registry.Ranges
	// Advertise is where clients in the cluster reach this server; the zero value: it is not among the endpoints of the
	// Service kubernetes. All servers over one store have the same port.
	Advertise netip.AddrPort
	// RenewEvery is how often a server says that it lives. Negative: never, and there is no Service kubernetes. PresenceTTL is after
	// how long of silence the others take it for dead.
	RenewEvery, PresenceTTL time.Duration
	// RepairEvery is how often addresses that no Service has are looked for. Negative: never.
	RepairEvery time.Duration
}

// Upstream's defaults, but for DigestEvery and SweepEvery, which upstream does not have.
const (
	DefaultRequestTimeout = 60 * time.Second
	DefaultBookmarkEvery  = time.Minute
	DefaultDigestEvery    = 5 * time.Second
	DefaultCompactEvery   = 5 * time.Minute
	DefaultEventTTL       = time.Hour
	DefaultSweepEvery     = time.Minute
	DefaultRenewEvery     = 10 * time.Second
	DefaultPresenceTTL    = 15 * time.Second
	DefaultRepairEvery    = time.Minute // upstream: 3 minutes, and an address that is nobody's is kept for three of them
)

// suffixLength is that of a generated name's random part, as upstream's.
const suffixLength = 5

func (c Config) withDefaults() Config {
	if c.Store == nil {
		panic("apiserver: a Config without a Store")
	}
	if c.Sink == nil {
		c.Sink = trace.Discard
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.NewUID == nil {
		c.NewUID = uuid.NewUUID
	}
	if c.NewSuffix == nil {
		c.NewSuffix = func() string { return utilrand.String(suffixLength) }
	}
	if c.Warn == nil {
		c.Warn = func(error) {}
	}
	if !c.Ranges.ServiceIPs.IsValid() {
		c.Ranges = registry.DefaultRanges()
	}
	if c.Window <= 0 {
		c.Window = cache.DefaultWindow
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&c.RequestTimeout, DefaultRequestTimeout}, {&c.BookmarkEvery, DefaultBookmarkEvery},
		{&c.DigestEvery, DefaultDigestEvery}, {&c.CompactEvery, DefaultCompactEvery},
		{&c.EventTTL, DefaultEventTTL}, {&c.SweepEvery, DefaultSweepEvery}, {&c.RepairEvery, DefaultRepairEvery},
		{&c.RenewEvery, DefaultRenewEvery}, {&c.PresenceTTL, DefaultPresenceTTL},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	return c
}
