package apiserver

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"orrery/impl/store"
)

// presenceRoot is the prefix of the records of the living servers: under a server's name the address at which it is reached.
// Upstream has them at the same place, by address, and has etcd's leases expire them.
const presenceRoot = "/registry/masterleases/"

// presence is what one server knows of the others: it renews its own record each period, and takes another's for dead that it
// has seen unchanged for ttl by its own clock. Time in which it could not look does not count: nobody could renew then.
type presence struct {
	ttl    time.Duration
	looked time.Time
	seen   map[string]sighting // by key
}

// sighting is since when a record has been seen at a revision.
type sighting struct {
	mod   int64
	since time.Time
}

// observe takes what the records are now. It returns the addresses of the living, sorted, and the records of the dead, which
// are to be removed. own is this server's record, which lives.
func (p *presence) observe(now time.Time, own string, records []store.KV) (living []netip.AddrPort, dead []store.KV) {
	blind := now.Sub(p.looked) > p.ttl
	before := p.seen
	p.looked, p.seen = now, make(map[string]sighting, len(records))
	for _, kv := range records {
		s, known := before[kv.Key]
		if !known || s.mod != kv.Mod || blind {
			s = sighting{kv.Mod, now}
		}
		address, err := netip.ParseAddrPort(string(kv.Value))
		if err != nil || kv.Key != own && now.Sub(s.since) >= p.ttl {
			dead = append(dead, kv)
			continue
		}
		p.seen[kv.Key] = s
		living = append(living, address)
	}
	slices.SortFunc(living, netip.AddrPort.Compare)
	return slices.Compact(living), dead
}

// samePort are those of the addresses that are of one family and have one port, as an EndpointSlice has to: the first's.
func samePort(addresses []netip.AddrPort) (ips []string, port int32) {
	for _, a := range addresses {
		first := addresses[0]
		if a.Port() == first.Port() && a.Addr().Is4() == first.Addr().Is4() {
			ips, port = append(ips, a.Addr().String()), int32(a.Port())
		}
	}
	slices.SortFunc(ips, cmp.Compare[string])
	return ips, port
}
