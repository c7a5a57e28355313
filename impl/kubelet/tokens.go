package kubelet

import (
	"context"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
)

// tokenTimeout bounds one request for a token.
const tokenTimeout = 10 * time.Second

// requestToken asks the API server for a token, and remembers it with the pod: a kubelet that is started anew asks again. That a token could
// not be renewed is told only where no good one is left.
func (l *Local) requestToken(ctx context.Context, e RequestToken) (int64, error) {
	t, err := l.token(ctx, e)
	if err != nil && !e.Have {
		l.warn(e.PodRef, "FailedMount", "", "failed to fetch token: %v", err)
	}
	return l.remember(e.PodRef, func(o *Observed) {
		m := o.remembered(e.UID)
		m.TokenFailed = next(m.TokenFailed, "FailedMount", err, l.Now())
		if err == nil {
			if m.Tokens == nil {
				m.Tokens = map[TokenAsk]Token{}
			}
			m.Tokens[e.Ask] = t
		}
	}), err
}

func (l *Local) token(ctx context.Context, e RequestToken) (Token, error) {
	if l.Request == nil {
		return Token{}, errors.New("this kubelet has no API server to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	asked := l.Now() // the token may be younger, so that it is renewed rather too early
	response, err := l.Request(ctx, e.request())
	if err != nil {
		return Token{}, err
	}
	answer, ok := response.Object.(*authenticationv1.TokenRequest)
	switch {
	case !ok:
		return Token{}, fmt.Errorf("the answer is a %T and not a TokenRequest", response.Object)
	case answer.Status.Token == "" || !asked.Before(answer.Status.ExpirationTimestamp.Time):
		return Token{}, errors.New("the answer has no token that is good")
	}
	return Token{Text: answer.Status.Token, Issued: asked, Expires: answer.Status.ExpirationTimestamp.Time}, nil
}
