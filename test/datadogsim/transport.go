package datadogsim

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"
)

// transportFault applies the faults of the transport and says whether the
// request is over.
func (s *Sim) transportFault(rw http.ResponseWriter, r *http.Request, faults []Fault) bool {
	for _, f := range faults {
		switch f.Kind {
		case Refuse:
			panic(http.ErrAbortHandler)
		case Hang:
			select {
			case <-r.Context().Done():
			case <-s.closed:
			}
			panic(http.ErrAbortHandler)
		case Slow:
			if !s.pause(r, f.Delay) {
				panic(http.ErrAbortHandler)
			}
		case Status:
			f.status(rw)
			return true
		default: // strikes elsewhere
		}
	}
	return false
}

// pause waits; false if the client or the simulator has gone.
func (s *Sim) pause(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closed:
		return false
	}
}

// messages are what the service says with a status.
var messages = map[int]string{
	http.StatusBadRequest:          "Bad Request",
	http.StatusUnauthorized:        "Unauthorized",
	http.StatusForbidden:           "Forbidden",
	http.StatusUnprocessableEntity: "No data available for the requested time range",
	http.StatusTooManyRequests:     "Rate limit of the endpoint reached. Please try again later.",
}

func (f Fault) status(rw http.ResponseWriter) {
	code := cmp.Or(f.Code, http.StatusInternalServerError)
	if code == http.StatusTooManyRequests && f.Delay > 0 {
		seconds := strconv.Itoa(int(math.Ceil(f.Delay.Seconds())))
		rw.Header().Set("X-RateLimit-Name", "query_timeseries")
		rw.Header().Set("X-RateLimit-Limit", "1")
		rw.Header().Set("X-RateLimit-Period", seconds)
		rw.Header().Set("X-RateLimit-Remaining", "0")
		rw.Header().Set("X-RateLimit-Reset", seconds)
	}
	if f.Body == "" {
		fail(rw, code, cmp.Or(messages[code], http.StatusText(code)))
		return
	}
	if f.Body[0] == '<' {
		rw.Header().Set("Content-Type", "text/html")
	}
	rw.WriteHeader(code)
	_, _ = rw.Write([]byte(f.Body))
}

// Page is the body of a gateway that stands before the service.
const Page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"

// defaultSize is how large a Huge answer is.
const defaultSize = 64 << 20

// damageBody applies a fault of the body of a 200.
func (f Fault) damageBody(header http.Header, body []byte) []byte {
	const complaint = `"errors":"Query timed out"`
	switch f.Kind {
	case ErrorsString:
		return []byte("{" + complaint + "}")
	case ErrorsBesideData:
		return append(append(body[:len(body)-1:len(body)-1], ','), complaint+"}"...)
	case ErrorsArray:
		return []byte(`{"errors":["Query timed out"]}`)
	case NullData:
		return []byte(`{"data":null}`)
	case HTMLPage:
		header.Set("Content-Type", "text/html")
		return []byte(Page)
	case Truncated:
		return body[:len(body)/2]
	default:
		return body
	}
}

// pad writes the spaces after a body that a Huge answer of this size has, until
// the client has gone.
func pad(rw io.Writer, spaces int) {
	chunk := bytes.Repeat([]byte(" "), 1<<20)
	for spaces > 0 {
		n, err := rw.Write(chunk[:min(spaces, len(chunk))])
		if err != nil {
			return
		}
		spaces -= n
	}
}

// reset promises the whole body, sends half of it and cuts the connection so
// that the client reads "connection reset by peer".
func reset(rw http.ResponseWriter, body []byte) {
	control := http.NewResponseController(rw)
	rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = rw.Write(body[:len(body)/2])
	_ = control.Flush()
	connection, _, err := control.Hijack()
	if err != nil {
		// Without a connection to cut (a recorder in a test) abort the answer.
		panic(http.ErrAbortHandler)
	}
	if secure, ok := connection.(*tls.Conn); ok {
		connection = secure.NetConn()
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}
