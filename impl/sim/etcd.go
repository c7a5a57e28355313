package sim

import (
	"context"
	"time"

	"orrery/impl/apiserver/request"
	"orrery/impl/store"
	"orrery/impl/trace"
)

// storeTimeout is after how long an API server gives an operation on the store up, as [orrery/impl/store/etcd] does.
const storeTimeout = 10 * time.Second

// Member is one member of the store's cluster, on the machine of its API server.
type Member struct {
	Machine string
	stalled bool // its disk does not answer
	down    bool // it has crashed; what was acknowledged is on its disk
}

// storeOp is one operation of an API server on the store.
type storeOp struct {
	id     string
	issuer trace.Issuer
	server *Server
	life   int // of the server that asked
	op     request.Op
	then   func(request.Answer)

	deadline time.Time
	done     bool // the store has carried it out
	lost     bool // it never will
	cut      bool // there will be no answer
	answer   request.Answer
	told     bool // the server was told, or is gone
}

// ask sends an operation to the server's member.
func (s *Server) ask(op request.Op, then func(request.Answer)) {
	w := s.world
	issuer, id := s.issuers.Take()
	w.emit(s.Name, trace.Line{Call: storeCall(op, id, issuer.String())})
	w.ops = append(w.ops, &storeOp{id: id, issuer: issuer, server: s, life: s.life, op: op, then: then, deadline: w.now.Add(storeTimeout)})
}

func (w *World) addOps(steps []Step) []Step {
	for i, op := range w.ops {
		if !op.told && (op.done || op.cut || !op.deadline.After(w.now)) && op.server.running() {
			steps = append(steps, Step{Kind: Hear, actor: int32(i)})
		}
	}
	for i, op := range w.ops {
		if !op.done && !op.lost && w.serves(op) {
			steps = append(steps, Step{Kind: Commit, actor: int32(i)})
		}
	}
	return steps
}

// serves reports whether the member of the operation's server can carry it out: it and most others hear each other, and, for a
// write, its disk and the leader's answer. What a member that crashed had passed on is carried out by any others that can.
func (w *World) serves(op *storeOp) bool {
	own, leader := w.quorum(op.server.number)
	for i := 0; op.cut && leader == nil && i < len(w.Members); i++ {
		own, leader = w.quorum(i)
	}
	if leader == nil {
		return false
	}
	write := op.op.Kind == request.Put || op.op.Kind == request.Delete
	return !write || !own.stalled && !leader.stalled
}

// quorum is the member at that position, and the leader it follows: the first of those that are up and hear each other, if they are
// most.
func (w *World) quorum(number int) (own, leader *Member) {
	own = w.Members[number]
	together := 0
	for _, m := range w.Members {
		if own.down || m.down {
			continue
		}
		if m == own || w.hears(m.Machine, own.Machine) && w.hears(own.Machine, m.Machine) {
			if leader == nil {
				leader = m
			}
			together++
		}
	}
	if 2*together <= len(w.Members) {
		return own, nil
	}
	return own, leader
}

func (w *World) commit(op *storeOp) {
	op.answer = request.Perform(context.Background(), w.Store, op.op)
	op.done = true
	if op.told {
		w.forget(op)
	}
}

// hear tells the server the answer, or that there is none.
func (w *World) hear(op *storeOp) {
	if !op.done || op.cut {
		op.answer = request.Answer{Err: store.ErrUnavailable}
		if op.op.Kind == request.Put || op.op.Kind == request.Delete {
			op.answer.Err = store.ErrUnknown
		}
	}
	op.told = true
	w.emit(op.server.Name, trace.Line{Return: storeReturn(op)})
	if op.answer.Err != store.ErrUnknown {
		op.server.issuers.Give(op.issuer)
	}
	if op.answer.Err != store.ErrUnknown || op.done || op.lost {
		w.forget(op)
	}
	op.then(op.answer)
}

// abandon is what becomes of operations whose server is gone: a write may still be carried out.
func (w *World) abandon(s *Server) {
	kept := w.ops[:0]
	for _, op := range w.ops {
		if op.server == s && !op.told {
			op.told = true
			if op.done || op.lost || op.op.Kind != request.Put && op.op.Kind != request.Delete {
				continue
			}
		}
		kept = append(kept, op)
	}
	clear(w.ops[len(kept):])
	w.ops = kept
}

func (w *World) forget(op *storeOp) { w.ops = remove(w.ops, op) }

func storeCall(op request.Op, id, client string) *trace.Call {
	c := &trace.Call{ID: id, Client: client, Layer: trace.Store, Server: "etcd", Verb: string(op.Kind), Key: op.Key, Expected: op.Expected,
		At: op.Revision, Limit: op.Limit, Continue: op.Continue}
	if op.Kind == request.Put {
		c.Hash = store.Hash(op.Value)
	}
	for _, g := range op.Guards {
		c.Guards = append(c.Guards, trace.Ref{Key: g.Key, Revision: g.Mod})
	}
	return c
}

func storeReturn(op *storeOp) *trace.Return {
	a := op.answer
	r := &trace.Return{ID: op.id, Outcome: store.OutcomeOf(a.Err), Succeeded: a.Succeeded, Revision: a.Revision, Count: a.Count}
	if a.Err != nil {
		r.Reason = a.Err.Error()
		return r
	}
	r.Object = store.RefOf(a.KV)
	if op.op.Kind == request.Put && a.Succeeded {
		r.Object = &trace.Ref{Key: op.op.Key, Revision: a.Revision, Hash: store.Hash(op.op.Value)}
	}
	for i := range a.KVs {
		r.Items = append(r.Items, *store.RefOf(&a.KVs[i]))
	}
	for i, kv := range a.Guards {
		ref := trace.Ref{Key: op.op.Guards[i].Key}
		if kv != nil {
			ref = *store.RefOf(kv)
		}
		r.Guards = append(r.Guards, ref)
	}
	return r
}

// remove takes one of a list out and keeps the order of the others.
func remove[T comparable](list []T, one T) []T {
	for i, other := range list {
		if other == one {
			copy(list[i:], list[i+1:])
			var none T
			list[len(list)-1] = none
			return list[:len(list)-1]
		}
	}
	return list
}
