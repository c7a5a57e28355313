package simulation

import (
	"fmt"
	"sync"

	"orrery/impl/token"
)

// accountKey signs the tokens of simulated clusters. It is short, as nothing is kept secret by it, and always the same.
const accountKey = `-----BEGIN RSA PRIVATE KEY-----
MIICXQIBAAKBgQDEAXBcEKxqP/H+knxiv+PQvppmIYFdeSD78/1aiEQjWESXMQek
ozBESSG/Y5sPLb4NBFueHaKVijh2YJIZq5qgv8IY8lAO8ghu1CyKDZqU4vq2OaGq
XyblEVJD5sRfm+aBz/GmOzM7SCpWwf42r1b9cMVk+PKvHRgG8uPRdGoHNQIDAQAB
AoGBAJzv8gElMIfaL27/5yxCLKylEIcZ6LTpGani0Ea+uJ/8Ot872LzQFQN38teF
b1AV9ggCJ0FQxS8q/s55wEFhj2ojpGVEdyRzhLQ1BCoIQVG427xYGM8GWzcFkzc8
MGqnb68KTTO7V2j29VIYHsNbZVPflBFK94uFHsst0hq7OI/5AkEA4kCnfau1XrbF
6fyNNRpE/dl+DaZJ54gPSkU1hEmxxQCkweAdHKR9am49Z2gAdSMf8c5tgIT1pC5G
4mI4UtSfjwJBAN3Gtwe14Q+XSeQCYxlozBz+EW0+CFqccBWB8ZMU40BLLhkzRqGN
Z0dibNRcw49PucK4FkJXHVqJj+tdMPnqCvsCQQDiJUHEyTZ2PzY/lOIHrAQ9v4DR
X98K/+JYmCjP22FGykfkSYCPupJpKVtS2o9qhftOFMk65qsoueC8MvSdRk1dAkAb
MLjR/i+YvMC3br99pwaXa2LxlNBrY5CuYl8e3Em8YTtGpa28Mtz9uIiFRNZJJMou
oGlCOvIDXqhBgAx4J4SvAkA7MhdXtUJf8C0iwK/+1mEAm6riKUmbBqKKL/woENMV
Sa/co4bXrjLvif14tB1m/E0/4LC1VxwVkom6RQU1Zcga
-----END RSA PRIVATE KEY-----
`

// rootCertificates stand for those of the cluster's authority.
const rootCertificates = "the root certificates of the simulated cluster"

// signingKey is accountKey, read.
var signingKey = sync.OnceValue(func() *token.Key {
	key, err := token.ParseKey([]byte(accountKey))
	if err != nil {
		panic(err)
	}
	return key
})

// signed are the tokens that were signed, by what they say: a signature follows from that and the key, so that runs, of which nearly all
// say the same, may share them. Without it a tenth of a run was spent on signing.
var signed sync.Map // string → string

// sign is the signature of what is said by the account key.
func sign(c token.Claims) (string, error) {
	says := fmt.Sprintf("%+v", c)
	if text, ok := signed.Load(says); ok {
		return text.(string), nil
	}
	text, err := signingKey().Sign(c)
	if err == nil {
		signed.Store(says, text)
	}
	return text, err
}
