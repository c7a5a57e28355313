package token

// Issuer is what a server needs to issue tokens: the key, what it calls itself, and the audiences that it is known by.
type Issuer struct {
	Key       *Key
	Name      string
	Audiences []string
}

// ClusterIssuer is the name of a cluster's issuer, and its audience, as kubeadm has it.
const ClusterIssuer = "https://kubernetes.default.svc.cluster.local"

// NewIssuer is the Issuer of a cluster with that key.
func NewIssuer(key *Key) *Issuer {
	return &Issuer{Key: key, Name: ClusterIssuer, Audiences: []string{ClusterIssuer}}
}

// Verifier accepts what the issuer issues.
func (i *Issuer) Verifier() Verifier {
	return Verifier{Keys: []*Key{i.Key}, Issuer: i.Name, Audiences: i.Audiences}
}
