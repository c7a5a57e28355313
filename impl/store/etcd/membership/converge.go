package membership

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// answerWithin is how soon a member must answer to count as one that does.
	answerWithin = 2 * time.Second
	// between is how long is waited before a member that was added is asked again.
	between = 200 * time.Millisecond
	// changeWithin bounds one request that changes the members.
	changeWithin = 10 * time.Second
)

// Cluster is a cluster that can be asked: where, and what is shown to it; TLS nil: nothing.
type Cluster struct {
	Endpoints []string
	TLS       *tls.Config
}

func (c Cluster) client(endpoints ...string) (*clientv3.Client, error) {
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, TLS: c.TLS, DialTimeout: answerWithin, Logger: zap.NewNop()})
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return client, nil
}

// Current is the members as they are now: by a linearizable read, and by what each says of itself.
func (c Cluster) Current(ctx context.Context) ([]Member, error) {
	client, err := c.client(c.Endpoints...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return current(ctx, client)
}

func current(ctx context.Context, client *clientv3.Client) ([]Member, error) {
	listing, cancel := context.WithTimeout(ctx, changeWithin)
	defer cancel()
	list, err := client.MemberList(listing)
	if err != nil {
		return nil, fmt.Errorf("etcd: the members cannot be listed, which takes a quorum of them: %w", err)
	}
	members := make([]Member, len(list.Members))
	var asked sync.WaitGroup
	var mu sync.Mutex
	var leader, term uint64
	for i, m := range list.Members {
		members[i] = Member{ID: m.ID, Name: m.Name, Peer: strings.Join(m.PeerURLs, ","), Learner: m.IsLearner}
		for _, url := range m.ClientURLs {
			asked.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, answerWithin)
				defer cancel()
				status, err := client.Status(ctx, url)
				mu.Lock()
				defer mu.Unlock()
				if err != nil || status.Header.MemberId != m.ID {
					return
				}
				members[i].Answers = true
				if status.Leader != 0 && status.RaftTerm >= term {
					leader, term = status.Leader, status.RaftTerm
				}
			})
		}
	}
	asked.Wait()
	for i := range members {
		members[i].Leads = members[i].ID == leader
	}
	return members, nil
}

// Hooks are told what Converge does; any may be nil.
type Hooks struct {
	// Tell is told each change, but for waiting.
	Tell func(Change)
	// Added is told of each member that was added and does not answer: it is to be started, with all that belong to the cluster.
	Added func(ctx context.Context, member Want, all []Want) error
}

// Converge changes the members until they are as wanted, or ctx ends. A change of which the outcome is unknown needs no care: it is seen in the next list.
func (c Cluster) Converge(ctx context.Context, wanted []Want, hooks Hooks) error {
	client, err := c.client(c.Endpoints...)
	if err != nil {
		return err
	}
	defer client.Close()
	var told Change
	var started []string
	for {
		members, err := current(ctx, client)
		if err != nil {
			return err
		}
		next, err := Next(members, wanted)
		if err != nil {
			return fmt.Errorf("etcd: %w", err)
		}
		if next.Verb == Done {
			return nil
		}
		if next != told && next.Verb != Wait && hooks.Tell != nil {
			hooks.Tell(next)
		}
		told = next
		if err = c.perform(ctx, client, next); next.Verb == Wait && !slices.Contains(started, next.Member.Peer) {
			// It was added by an earlier call, or by a request of whose end nobody heard.
			started = append(started, next.Member.Peer)
			err = hooks.added(ctx, next.Member.Peer, members, wanted)
		}
		switch {
		case err == nil && next.Verb != Wait:
			continue
		case err != nil && !passing(err):
			return fmt.Errorf("etcd: %v: %w", next, err)
		}
		select {
		case <-time.After(between):
		case <-ctx.Done():
			return fmt.Errorf("etcd: %v: %w", next, ctx.Err())
		}
	}
}

// added says which member is to be started, and with whom.
func (h Hooks) added(ctx context.Context, peer string, members []Member, wanted []Want) error {
	if h.Added == nil {
		return nil
	}
	var all []Want
	var fresh Want
	for _, m := range members {
		w := Want{Name: m.Name, Peer: m.Peer}
		if m.Peer == peer {
			w.Name = wanted[slices.IndexFunc(wanted, func(w Want) bool { return w.Peer == peer })].Name
			fresh = w
		}
		all = append(all, w)
	}
	return h.Added(ctx, fresh, all)
}

func (c Cluster) perform(ctx context.Context, client *clientv3.Client, next Change) (err error) {
	ctx, cancel := context.WithTimeout(ctx, changeWithin)
	defer cancel()
	switch next.Verb {
	case Add:
		_, err = client.MemberAddAsLearner(ctx, []string{next.Want.Peer})
	case Promote:
		_, err = client.MemberPromote(ctx, next.Member.ID)
	case Remove:
		_, err = client.MemberRemove(ctx, next.Member.ID)
	case Lead:
		return c.lead(ctx, client, next.Member.ID)
	}
	return err
}

// lead has a member lead: that must be asked of the one that leads now.
func (c Cluster) lead(ctx context.Context, client *clientv3.Client, id uint64) error {
	list, err := client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, m := range list.Members {
		for _, url := range m.ClientURLs {
			status, err := client.Status(ctx, url)
			if err != nil || status.Leader != m.ID {
				continue
			}
			own, err := c.client(url)
			if err != nil {
				return err
			}
			_, err = own.MoveLeader(ctx, id)
			return errors.Join(err, own.Close())
		}
	}
	return errors.New("no member says that it leads")
}

// passing are refusals that time alone ends, and outcomes that the next list shows: a member that was asked to remove itself may stop before it has
// answered, and says so, or its connection ends.
func passing(err error) bool {
	code := status.Code(err)
	if etcd := (rpctypes.EtcdError{}); errors.As(err, &etcd) {
		code = etcd.Code()
	}
	return code == codes.Unavailable || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rpctypes.ErrMemberLearnerNotReady) ||
		errors.Is(err, rpctypes.ErrMemberNotEnoughStarted) || errors.Is(err, rpctypes.ErrNotLeader) || errors.Is(err, rpctypes.ErrBadLeaderTransferee)
}
