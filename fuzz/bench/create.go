package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"orrery/impl/api"
)

// clients is how many write at once.
const clients = 16

// namespace is one that can be deleted, as those of users can: the API server has to look whether it is there.
const namespace = "bench"

// measureCreate compares creates of pods through the API with puts of the same bytes into etcd.
func measureCreate(ctx context.Context, s Size, dir string, flags ...string) (rows []Row, err error) {
	p, err := startPair(ctx, dir, flags...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	api, err := p.newCreator()
	if err != nil {
		return nil, err
	}
	defer api.close()
	if err := api.namespace(ctx); err != nil {
		return nil, err
	}
	direct, err := p.newPutter(ctx, api)
	if err != nil {
		return nil, err
	}
	defer direct.close()
	for _, m := range []struct {
		media  string
		target float64
	}{{"JSON", 1. / 3}, {"protobuf", 1. / 2}} {
		through := &meter{names: []string{"clients", "API server", "etcd"}, pids: []int{os.Getpid(), p.apiserver.Pid(), p.etcd.Pid()}}
		straight := &meter{names: []string{"clients", "etcd"}, pids: []int{os.Getpid(), p.etcd.Pid()}}
		got, err := inTurns(ctx, s.Turns, through.around(s.Writes, func(ctx context.Context) (float64, error) {
			return rate(ctx, clients, s.Writes, api.create(m.media))
		}), straight.around(s.Writes, func(ctx context.Context) (float64, error) {
			return rate(ctx, clients, s.Writes, direct.put)
		}))
		if err != nil {
			return nil, err
		}
		rows = append(rows, atLeast("creating pods, "+m.media+", of etcd's rate", got.ratio, m.target,
			fmt.Sprintf("%.0f/s of %.0f/s, %d clients; each %v, of %v", got.a, got.b, clients, through, straight)))
	}
	return rows, nil
}

// creator creates pods through the API, each client over a connection of its own. Bodies are made beforehand, so that as
// little as can be of the bench's own work is measured.
type creator struct {
	url     string
	clients []*http.Client
	bodies  map[string][]byte
	types   map[string]string
	number  atomic.Int64
}

// placeholder is the name in the bodies, and as long as every other.
const placeholder = "pod-0000000000"

func (p *pair) newCreator() (*creator, error) {
	c := &creator{url: p.apiURL, types: map[string]string{"JSON": "application/json", "protobuf": "application/vnd.kubernetes.protobuf"}}
	for range clients {
		c.clients = append(c.clients, &http.Client{Transport: newTransport(p.tls)})
	}
	pod := examplePod()
	text, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	binary, err := api.Encode(pod)
	if err != nil {
		return nil, err
	}
	c.bodies = map[string][]byte{"JSON": text, "protobuf": binary}
	return c, nil
}

// examplePod is of the size that pods of users have.
func examplePod() *corev1.Pod {
	return &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: placeholder, Namespace: namespace, Labels: map[string]string{"app": "web", "tier": "front"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "web", Image: "docker.io/local/web:1", Args: []string{"--port", "8080"},
			Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			Env:   []corev1.EnvVar{{Name: "MODE", Value: "production"}},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("16Mi")}},
		}}},
	}
}

func (c *creator) close() {
	for _, client := range c.clients {
		client.CloseIdleConnections()
	}
}

func (c *creator) namespace(ctx context.Context) error {
	body := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"` + namespace + `"}}`
	return c.post(ctx, 0, "/api/v1/namespaces", "application/json", []byte(body))
}

// create is what one client does again and again.
func (c *creator) create(media string) func(context.Context, int) error {
	return func(ctx context.Context, client int) error {
		return c.post(ctx, client, "/api/v1/namespaces/"+namespace+"/pods", c.types[media], named(c.bodies[media], c.number.Add(1)))
	}
}

// named is body with another name.
func named(body []byte, number int64) []byte {
	return bytes.Replace(body, []byte(placeholder), fmt.Appendf(nil, "pod-%010d", number), 1)
}

func (c *creator) post(ctx context.Context, client int, path, mediaType string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", mediaType)
	request.Header.Set("Accept", mediaType)
	answer, err := c.clients[client].Do(request)
	if err != nil {
		return err
	}
	return drained(answer, http.StatusCreated)
}

// putter puts into etcd what the API server wrote there, under other keys, which the API server does not watch.
type putter struct {
	clients []*clientv3.Client
	value   []byte
	number  atomic.Int64
}

func (p *pair) newPutter(ctx context.Context, c *creator) (_ *putter, err error) {
	if err := c.create("JSON")(ctx, 0); err != nil {
		return nil, err
	}
	d := &putter{}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	for range clients {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{p.etcdURL}, TLS: p.etcdTLS.Clone(), Logger: zap.NewNop()})
		if err != nil {
			return nil, err
		}
		d.clients = append(d.clients, client)
	}
	pods, _ := api.ByName("pods")
	key := pods.Key(namespace, fmt.Sprintf("pod-%010d", c.number.Load()))
	stored, err := d.clients[0].Get(ctx, key)
	if err != nil {
		return nil, err
	}
	if len(stored.Kvs) != 1 {
		return nil, fmt.Errorf("etcd has no %s, which was just created", key)
	}
	d.value = stored.Kvs[0].Value
	return d, nil
}

func (d *putter) close() {
	for _, client := range d.clients {
		client.Close() // the connection goes with the server otherwise
	}
}

func (d *putter) put(ctx context.Context, client int) error {
	_, err := d.clients[client].Put(ctx, fmt.Sprintf("/bench/pods/%s/pod-%010d", namespace, d.number.Add(1)), string(d.value))
	return err
}
