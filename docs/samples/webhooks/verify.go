// Verifies a webhook of Countinghouse. Go's own packages alone.
//
// As a program: WEBHOOK_KEYS="whsec_… whpk_…" go run verify.go ID TIMESTAMP SIGNATURES < body
package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

// Verify returns nil if one of the keys made one of the signatures. body is the bytes that came, not yet parsed.
func Verify(keys []string, header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("There is no timestamp.")
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return errors.New("The timestamp is too far from now.")
	}
	signed := append([]byte(id+"."+timestamp+"."), body...)
	for _, signature := range strings.Split(header.Get("webhook-signature"), " ") {
		for _, key := range keys {
			if madeBy(key, signature, signed) {
				return nil
			}
		}
	}
	return errors.New("No signature is of a known key.")
}

func madeBy(key, signature string, signed []byte) bool {
	version, text, _ := strings.Cut(signature, ",")
	kind, encoded, _ := strings.Cut(key, "_")
	given, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	if version == "v1" && kind == "whsec" {
		made := hmac.New(sha256.New, raw)
		made.Write(signed)
		return hmac.Equal(made.Sum(nil), given)
	}
	return version == "v1a" && kind == "whpk" && len(raw) == ed25519.PublicKeySize && ed25519.Verify(raw, signed, given)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "Give ID, TIMESTAMP and SIGNATURES.")
		os.Exit(2)
	}
	header := http.Header{}
	for place, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		header.Set(name, os.Args[place+1])
	}
	body, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = Verify(strings.Fields(os.Getenv("WEBHOOK_KEYS")), header, body, time.Now())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("It is genuine.")
}
