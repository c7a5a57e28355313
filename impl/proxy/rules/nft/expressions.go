package nft

import (
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Registers of four bytes, in which keys and data are put together.
const (
	regClient   = unix.NFT_REG32_00 // where a key of affinity begins
	regAddress  = unix.NFT_REG32_01 // where what is about a service begins
	regProtocol = unix.NFT_REG32_02
	regPort     = unix.NFT_REG32_03
	regTarget   = unix.NFT_REG32_04 // behind the key: a number, then the target's address
	regToPort   = unix.NFT_REG32_05
	regOther    = unix.NFT_REG32_08
)

// Fields of a packet, by where they begin.
const (
	sourceAddress = 12 // in a header of IPv4
	toAddress     = 16
	toPort        = 2 // in a header of TCP or UDP
)

// rules calls add for every rule, in order.
func (l *layout) rules(add func(chain string, expressions []expr.Any)) {
	for _, chain := range []string{"refuse", "refuse-own"} {
		add(chain, slices.Concat(isNew, aboutService, decide(l.closed)))
		add(chain, slices.Concat(isNew, isHere, aboutNode, decide(l.closed)))
	}
	for _, chain := range []string{"translate", "translate-own"} {
		add(chain, slices.Concat(aboutService, decide(l.services)))
		add(chain, slices.Concat(isHere, aboutNode, decide(l.services)))
	}
	add("masquerade", slices.Concat(isMarked(markMasquerade), []expr.Any{&expr.Masq{}}))
	add("masquerade", slices.Concat(isMarked(markOurs), []expr.Any{
		network(sourceAddress, regClient), network(toAddress, regAddress),
		&expr.Lookup{SourceRegister: regClient, SetName: l.own.Name, SetID: l.own.ID}, &expr.Masq{},
	}))
	add(rejectChain, []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: regOther},
		&expr.Cmp{Op: expr.CmpOpEq, Register: regOther, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Reject{Type: unix.NFT_REJECT_TCP_RST},
	})
	add(rejectChain, []expr.Any{&expr.Reject{Type: unix.NFT_REJECT_ICMP_UNREACH, Code: portUnreachable}})
	for _, t := range l.targets {
		l.translate(t, func(expressions ...[]expr.Any) { add(t.String(), slices.Concat(expressions...)) })
	}
}

const portUnreachable = 3 // of ICMP

// translate are the rules of a chain that translates.
func (l *layout) translate(t translation, add func(...[]expr.Any)) {
	key, mark := aboutService, uint32(markOurs)
	if t.node {
		key, mark = aboutNode, mark|markNode
	}
	if t.masquerade {
		mark |= markMasquerade
	}
	number := []expr.Any{
		&expr.Numgen{Register: regTarget, Modulus: uint32(t.count), Type: unix.NFT_NG_RANDOM},
		find(regAddress, l.numbered),
	}
	send := append(marks(mark), &expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: regTarget, RegProtoMin: regToPort, Specified: true})
	if t.affinity == 0 {
		add(key, number, send)
		return
	}
	who := []expr.Any{network(sourceAddress, regClient)}
	remember := func(operation uint32) expr.Any {
		return &expr.Dynset{SrcRegKey: regClient, SrcRegData: regTarget, Operation: operation, SetName: l.affinity.Name, SetID: l.affinity.ID, Timeout: t.affinity}
	}
	again := []expr.Any{find(regClient, l.affinity), &expr.Lookup{SourceRegister: regAddress, SetName: l.allowed.Name, SetID: l.allowed.ID}, remember(update)}
	add(who, key, again, send)
	add(who, key, number, []expr.Any{remember(remove), remember(update)}, send)
}

// Operations on a set, of which the library has no names.
const (
	update = 1
	remove = 2
)

// find puts what a map has for a key, that begins in a register, where a target is put.
func find(key uint32, in *nftables.Set) expr.Any {
	return &expr.Lookup{SourceRegister: key, DestRegister: regTarget, IsDestRegSet: true, SetName: in.Name, SetID: in.ID}
}

// decide does what a map says of the address.
func decide(in *nftables.Set) []expr.Any {
	return []expr.Any{&expr.Lookup{SourceRegister: regAddress, DestRegister: unix.NFT_REG_VERDICT, IsDestRegSet: true, SetName: in.Name, SetID: in.ID}}
}

func network(offset, register uint32) expr.Any {
	return &expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4}
}

var port = []expr.Any{
	&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: regProtocol},
	&expr.Payload{DestRegister: regPort, Base: expr.PayloadBaseTransportHeader, Offset: toPort, Len: 2},
}

// aboutService puts together what a packet is about, if it is for an address of a service; aboutNode, if it is for a port of the node.
var (
	aboutService = append([]expr.Any{network(toAddress, regAddress)}, port...)
	aboutNode    = append([]expr.Any{&expr.Immediate{Register: regAddress, Data: make([]byte, 4)}}, port...)
)

// isNew: the packet begins a flow.
var isNew = []expr.Any{
	&expr.Ct{Key: expr.CtKeySTATE, Register: regOther},
	&expr.Bitwise{SourceRegister: regOther, DestRegister: regOther, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(expr.CtStateBitNEW), Xor: make([]byte, 4)},
	&expr.Cmp{Op: expr.CmpOpNeq, Register: regOther, Data: make([]byte, 4)},
}

// isHere: the packet is for an address of the node, but not for one that only the node itself knows.
var isHere = []expr.Any{
	&expr.Fib{Register: regOther, FlagDADDR: true, ResultADDRTYPE: true},
	&expr.Cmp{Op: expr.CmpOpEq, Register: regOther, Data: binaryutil.NativeEndian.PutUint32(unix.RTN_LOCAL)},
	&expr.Payload{DestRegister: regOther, Base: expr.PayloadBaseNetworkHeader, Offset: toAddress, Len: 1},
	&expr.Cmp{Op: expr.CmpOpNeq, Register: regOther, Data: []byte{127}},
}

// isMarked: the flow has one of these bits.
func isMarked(bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeyMARK, Register: regOther},
		&expr.Bitwise{SourceRegister: regOther, DestRegister: regOther, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: regOther, Data: make([]byte, 4)},
	}
}

// marks sets these bits of the flow's mark.
func marks(bits uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeyMARK, Register: regOther},
		&expr.Bitwise{SourceRegister: regOther, DestRegister: regOther, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(^bits), Xor: binaryutil.NativeEndian.PutUint32(bits)},
		&expr.Ct{Key: expr.CtKeyMARK, Register: regOther, SourceRegister: true},
	}
}
