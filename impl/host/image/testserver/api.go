package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// accountDir is where every pod finds who it is.
const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// apiTimeout bounds one request, and maxAnswer what is printed of an answer.
const (
	apiTimeout = 10 * time.Second
	maxAnswer  = 1 << 20
)

// api gets URLs, in which $NAME is that of the environment, with the pod's token, and trusts nobody but the authority that lies beside it. The files are read anew each time, as clients must
// where tokens are renewed.
func api(urls []string) error {
	if len(urls) == 0 {
		return fmt.Errorf("wants a URL")
	}
	token, err := os.ReadFile(filepath.Join(accountDir, "token"))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(filepath.Join(accountDir, "ca.crt"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return fmt.Errorf("%s/ca.crt has no certificate", accountDir)
	}
	client := &http.Client{Timeout: apiTimeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	for _, url := range urls {
		request, err := http.NewRequest(http.MethodGet, os.ExpandEnv(url), nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer "+string(token))
		if err := printAnswer(client, request); err != nil {
			return err
		}
	}
	return nil
}

func printAnswer(client *http.Client, request *http.Request) error {
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	if _, err := io.Copy(os.Stdout, io.LimitReader(answer.Body, maxAnswer)); err != nil {
		return err
	}
	fmt.Println()
	return nil
}
