"""The sections of h2spec, as a table: frames sent, and how the connection or the stream must end."""

import socket

from harness.gateway import GatewayCase
from harness.http2 import (
    CANCEL, COMPRESSION_ERROR, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PREFACE, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED, Wire2, fields, raw)

HEALTH = fields("GET", "/health")
UPLOAD = fields("POST", "/v1/chat/completions", ("content-type", "application/json"))


def word(number):
    return number.to_bytes(4, "big")


def setting(identifier, value):
    return identifier.to_bytes(2, "big") + word(value)


def begun(wire, stream=1):
    """A request without an end: its stream is open."""
    return wire.headers(stream, UPLOAD, end=False)


def closed(wire, stream=1):
    wire.headers(stream, HEALTH)
    wire.whole(stream)
    return wire


#: (section, sentence, frames, codes): how the connection must end. An empty tuple: it goes on.
CONNECTION = [
    ("4.1/1", "a frame of an unknown type is ignored", lambda w: w.send(raw(0x16, 0, 0, b"12345678")), ()),
    ("4.1/2", "an undefined flag is ignored", lambda w: w.send(raw(6, 0x16, 0, b"12345678")), ()),
    ("4.1/3", "the reserved bit is ignored", lambda w: w.send(raw(6, 0, 1 << 31, b"12345678")), ()),
    ("4.2/2", "DATA past the frame size", lambda w: begun(w).send(raw(0, 0, 1, b"x" * 16385)), (FRAME_SIZE_ERROR,)),
    ("4.2/3", "HEADERS past the frame size", lambda w: w.send(raw(1, 5, 1, b"\x00" * 16385)), (FRAME_SIZE_ERROR,)),
    ("4.3/1", "a header block that is none", lambda w: w.send(raw(1, 5, 1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")), (COMPRESSION_ERROR,)),
    ("4.3/2", "PRIORITY in a header block", lambda w: w.send(raw(1, 1, 1, w.pack(HEALTH)) + raw(2, 0, 1, word(0) + b"\xff")), (PROTOCOL_ERROR,)),
    ("4.3/3", "another stream's HEADERS in a header block",
     lambda w: w.send(raw(1, 1, 1, w.pack(HEALTH)) + raw(1, 5, 3, w.pack(HEALTH))), (PROTOCOL_ERROR,)),
    ("5.1/1", "DATA on an idle stream", lambda w: w.data(1, b"test", end=True), (PROTOCOL_ERROR,)),
    ("5.1/2", "RST_STREAM on an idle stream", lambda w: w.reset(1), (PROTOCOL_ERROR,)),
    ("5.1/3", "WINDOW_UPDATE on an idle stream", lambda w: w.send(raw(8, 0, 1, word(100))), (PROTOCOL_ERROR,)),
    ("5.1/4", "CONTINUATION on an idle stream", lambda w: w.send(raw(9, 4, 1, w.pack(HEALTH))), (PROTOCOL_ERROR,)),
    ("5.1/6", "HEADERS on a half-closed stream", lambda w: begun(w).data(1, b"{", end=True).headers(1, HEALTH), (STREAM_CLOSED,)),
    ("5.1/7", "CONTINUATION on a half-closed stream",
     lambda w: begun(w).data(1, b"{", end=True).send(raw(9, 4, 1, w.pack(HEALTH))), (STREAM_CLOSED, PROTOCOL_ERROR)),
    ("5.1/9", "HEADERS on a stream its client reset", lambda w: begun(w).reset(1).headers(1, HEALTH), (STREAM_CLOSED,)),
    ("5.1/10", "CONTINUATION on a stream its client reset",
     lambda w: begun(w).reset(1).send(raw(9, 4, 1, w.pack(HEALTH))), (STREAM_CLOSED, PROTOCOL_ERROR)),
    ("5.1/12", "HEADERS on a closed stream", lambda w: closed(w).headers(1, HEALTH), (STREAM_CLOSED,)),
    ("5.1/13", "CONTINUATION on a closed stream", lambda w: closed(w).send(raw(9, 4, 1, w.pack(HEALTH))), (STREAM_CLOSED, PROTOCOL_ERROR)),
    ("5.1.1/1", "an even stream", lambda w: w.headers(2, HEALTH), (PROTOCOL_ERROR,)),
    ("5.1.1/2", "a stream below an earlier one", lambda w: closed(w, 5).headers(3, HEALTH), (PROTOCOL_ERROR, STREAM_CLOSED)),
    ("5.3.1/1", "HEADERS that depend on themselves", lambda w: w.send(raw(1, 0x25, 3, word(3) + b"\xff" + w.pack(HEALTH))), (PROTOCOL_ERROR,)),
    ("5.5/1", "an unknown frame between others", lambda w: w.send(raw(0xFF, 1, 3, b"x" * 8)), ()),
    ("5.5/2", "an unknown frame in a header block", lambda w: w.send(raw(1, 1, 1, w.pack(HEALTH)) + raw(0x16, 0, 0, b"x")), (PROTOCOL_ERROR,)),
    ("6.1/1", "DATA on stream 0", lambda w: w.data(0, b"test"), (PROTOCOL_ERROR,)),
    ("6.1/3", "DATA with more padding than payload", lambda w: begun(w).send(raw(0, 8, 1, b"\x06test")), (PROTOCOL_ERROR,)),
    ("6.2/3", "HEADERS on stream 0", lambda w: w.headers(0, HEALTH), (PROTOCOL_ERROR,)),
    ("6.2/4", "HEADERS with more padding than payload", lambda w: w.send(raw(1, 0xD, 1, b"\xff" + w.pack(HEALTH))), (PROTOCOL_ERROR,)),
    ("6.3/1", "PRIORITY on stream 0", lambda w: w.send(raw(2, 0, 0, word(0) + b"\xff")), (PROTOCOL_ERROR,)),
    ("6.4/1", "RST_STREAM on stream 0", lambda w: w.reset(0), (PROTOCOL_ERROR,)),
    ("6.4/3", "RST_STREAM of another length than 4", lambda w: begun(w).send(raw(3, 0, 1, b"\0\0\0")), (FRAME_SIZE_ERROR,)),
    ("6.5/1", "SETTINGS acknowledged with a payload", lambda w: w.send(raw(4, 1, 0, b"\0")), (FRAME_SIZE_ERROR,)),
    ("6.5/2", "SETTINGS on a stream", lambda w: w.send(raw(4, 0, 1, setting(3, 100))), (PROTOCOL_ERROR,)),
    ("6.5/3", "SETTINGS whose length is no multiple of 6", lambda w: w.send(raw(4, 0, 0, b"\0" * 7)), (FRAME_SIZE_ERROR,)),
    ("6.5.2/1", "ENABLE_PUSH of 2", lambda w: w.send(raw(4, 0, 0, setting(2, 2))), (PROTOCOL_ERROR,)),
    ("6.5.2/2", "INITIAL_WINDOW_SIZE past 2^31 - 1", lambda w: w.send(raw(4, 0, 0, setting(4, 1 << 31))), (FLOW_CONTROL_ERROR,)),
    ("6.5.2/3", "MAX_FRAME_SIZE below 16,384", lambda w: w.send(raw(4, 0, 0, setting(5, 16383))), (PROTOCOL_ERROR,)),
    ("6.5.2/4", "MAX_FRAME_SIZE past 2^24 - 1", lambda w: w.send(raw(4, 0, 0, setting(5, 1 << 24))), (PROTOCOL_ERROR,)),
    ("6.5.2/5", "an unknown setting", lambda w: w.send(raw(4, 0, 0, setting(255, 1))), ()),
    ("6.7/2", "PING acknowledged unasked", lambda w: w.send(raw(6, 1, 0, b"invalid!")), ()),
    ("6.7/3", "PING on a stream", lambda w: w.send(raw(6, 0, 1, b"12345678")), (PROTOCOL_ERROR,)),
    ("6.7/4", "PING of another length than 8", lambda w: w.send(raw(6, 0, 0, b"123456")), (FRAME_SIZE_ERROR,)),
    ("6.8/1", "GOAWAY on a stream", lambda w: w.send(raw(7, 0, 1, word(0) * 2)), (PROTOCOL_ERROR,)),
    ("6.9/1", "WINDOW_UPDATE of 0", lambda w: w.send(raw(8, 0, 0, word(0))), (PROTOCOL_ERROR,)),
    ("6.9/3", "WINDOW_UPDATE of another length than 4", lambda w: w.send(raw(8, 0, 0, b"\0\0\1")), (FRAME_SIZE_ERROR,)),
    ("6.9.1/2", "a connection's window past 2^31 - 1",
     lambda w: w.send(raw(8, 0, 0, word(2**31 - 1)) + raw(8, 0, 0, word(2**31 - 1))), (FLOW_CONTROL_ERROR,)),
    ("6.10/2", "CONTINUATION followed by another frame",
     lambda w: w.send(raw(1, 1, 1, w.pack(HEALTH)) + raw(9, 0, 1, w.pack([("a", "b")])) + raw(0, 1, 1, b"x")), (PROTOCOL_ERROR,)),
    ("6.10/3", "CONTINUATION on stream 0",
     lambda w: w.send(raw(1, 1, 1, w.pack(HEALTH)) + raw(9, 4, 0, w.pack([("a", "b")]))), (PROTOCOL_ERROR,)),
    ("6.10/4", "CONTINUATION after HEADERS that ended",
     lambda w: begun(w).send(raw(9, 4, 1, w.pack([("a", "b")]))), (PROTOCOL_ERROR,)),
    ("6.10/5", "CONTINUATION after one that ended",
     lambda w: w.send(raw(1, 0, 1, w.pack(UPLOAD)) + raw(9, 4, 1, w.pack([("a", "b")])) + raw(9, 4, 1, w.pack([("c", "d")]))), (PROTOCOL_ERROR,)),
    ("6.10/6", "CONTINUATION after DATA", lambda w: begun(w).data(1, b"x").send(raw(9, 4, 1, w.pack([("a", "b")]))), (PROTOCOL_ERROR,)),
    ("7/1", "GOAWAY with an unknown code", lambda w: w.send(raw(7, 0, 0, word(0) + word(0xFF))), None),
    ("7/2", "RST_STREAM with an unknown code", lambda w: begun(w).reset(1, 0xFF), ()),
    ("8.2/1", "PUSH_PROMISE of a client's", lambda w: w.send(raw(5, 4, 1, word(3) + w.pack(HEALTH))), (PROTOCOL_ERROR,)),
    ("hpack 2.3.3/1", "an index past both tables", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\xff\x00")), (COMPRESSION_ERROR,)),
    ("hpack 2.3.3/2", "a name's index past both tables", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\x7f\xff\x00\x01a")), (COMPRESSION_ERROR,)),
    ("hpack 4.2/1", "a table's size at the end of a block", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\x3f\x01")), (COMPRESSION_ERROR,)),
    ("hpack 5.2/1", "padding longer than 7 bits", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\x00\x01a\x82\x1f\xff")), (COMPRESSION_ERROR,)),
    ("hpack 5.2/2", "padding of zeros", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\x00\x01a\x81\x18")), (COMPRESSION_ERROR,)),
    ("hpack 5.2/3", "a text that ends with EOS", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\x00\x01a\x84\xff\xff\xff\xff")), (COMPRESSION_ERROR,)),
    ("hpack 6.1/1", "index 0", lambda w: w.send(raw(1, 5, 1, w.pack(HEALTH) + b"\x80")), (COMPRESSION_ERROR,)),
    ("hpack 6.3/1", "a table larger than the setting", lambda w: w.send(raw(1, 5, 1, b"\x3f\xe2\x1f" + w.pack(HEALTH))), (COMPRESSION_ERROR,)),
]

#: (section, sentence, frames, codes): how stream 1 must end, or the connection.
STREAM = [
    ("5.1/5", "DATA on a half-closed stream", lambda w: begun(w).data(1, b"{", end=True).data(1, b"x"), (STREAM_CLOSED,)),
    ("5.1/8", "DATA on a stream its client reset", lambda w: begun(w).reset(1).data(1, b"x"), (STREAM_CLOSED,)),
    ("5.1/11", "DATA on a closed stream", lambda w: closed(w).data(1, b"x"), (STREAM_CLOSED,)),
    ("6.3/2", "PRIORITY of another length than 5", lambda w: begun(w).send(raw(2, 0, 1, b"\0\0\0\0")), (FRAME_SIZE_ERROR,)),
    ("6.9/2", "WINDOW_UPDATE of 0 on a stream", lambda w: begun(w).send(raw(8, 0, 1, word(0))), (PROTOCOL_ERROR,)),
    ("6.9.1/3", "a stream's window past 2^31 - 1",
     lambda w: begun(w).send(raw(8, 0, 1, word(2**31 - 1)) + raw(8, 0, 1, word(2**31 - 1))), (FLOW_CONTROL_ERROR,)),
    ("6.9.2/3", "a stream's window past 2^31 - 1 by a setting",
     lambda w: begun(w).send(raw(8, 0, 1, word(2**31 - 1 - 65535)) + raw(4, 0, 0, setting(4, 65536))), (FLOW_CONTROL_ERROR,)),
    ("8.1/1", "trailers that do not end the stream", lambda w: begun(w).data(1, b"x").headers(1, [("x", "y")], end=False), (PROTOCOL_ERROR,)),
    ("8.1.2/1", "a capital in a name", lambda w: w.headers(1, HEALTH + [("X-Test", "ok")]), (PROTOCOL_ERROR,)),
    ("8.1.2.1/1", "an unknown pseudo-header field", lambda w: w.headers(1, [(":test", "ok")] + HEALTH), (PROTOCOL_ERROR,)),
    ("8.1.2.1/2", "a response's pseudo-header field", lambda w: w.headers(1, [(":status", "200")] + HEALTH), (PROTOCOL_ERROR,)),
    ("8.1.2.1/3", "a pseudo-header field in trailers", lambda w: begun(w).data(1, b"x").headers(1, [(":method", "GET")]), (PROTOCOL_ERROR,)),
    ("8.1.2.1/4", "a pseudo-header field behind another", lambda w: w.headers(1, HEALTH[:2] + [("x", "y")] + HEALTH[2:]), (PROTOCOL_ERROR,)),
    ("8.1.2.2/1", "a connection field", lambda w: w.headers(1, HEALTH + [("connection", "keep-alive")]), (PROTOCOL_ERROR,)),
    ("8.1.2.2/2", "te that is not trailers", lambda w: w.headers(1, HEALTH + [("te", "trailers, deflate")]), (PROTOCOL_ERROR,)),
    ("8.1.2.3/1", "an empty path", lambda w: w.headers(1, fields("GET", "")), (PROTOCOL_ERROR,)),
    ("8.1.2.3/2", "no method", lambda w: w.headers(1, HEALTH[1:]), (PROTOCOL_ERROR,)),
    ("8.1.2.3/3", "no scheme", lambda w: w.headers(1, HEALTH[:1] + HEALTH[2:]), (PROTOCOL_ERROR,)),
    ("8.1.2.3/4", "no path", lambda w: w.headers(1, HEALTH[:2] + HEALTH[3:]), (PROTOCOL_ERROR,)),
    ("8.1.2.3/5", "two methods", lambda w: w.headers(1, HEALTH[:1] + HEALTH), (PROTOCOL_ERROR,)),
    ("8.1.2.3/6", "two schemes", lambda w: w.headers(1, HEALTH[1:2] + HEALTH), (PROTOCOL_ERROR,)),
    ("8.1.2.3/7", "two paths", lambda w: w.headers(1, HEALTH[2:3] + HEALTH), (PROTOCOL_ERROR,)),
    ("8.1.2.6/1", "a content-length that is not its DATA's",
     lambda w: w.headers(1, UPLOAD + [("content-length", "1")], end=False).data(1, b"test", end=True), (PROTOCOL_ERROR,)),
    ("8.1.2.6/2", "a content-length that is not the sum of its DATA's",
     lambda w: w.headers(1, UPLOAD + [("content-length", "9")], end=False).data(1, b"test").data(1, b"test", end=True), (PROTOCOL_ERROR,)),
]


class Spec(GatewayCase):
    """HTTP/2 as h2spec has it."""

    def wire(self, **more):
        wire = Wire2(self.gateway.port, **more)
        self.addCleanup(wire.socket.close)
        return wire.ready() if more.get("preface", True) else wire

    def test_connection(self):
        """a fault of the connection's ends it with its code, and what is none does not"""
        for section, sentence, frames, codes in CONNECTION:
            with self.subTest(section=section, what=sentence):
                wire = self.wire()
                frames(wire)
                if codes == ():
                    self.assertTrue(wire.lives(), wire.goaway)
                elif codes is None:
                    self.assertIn(wire.ends(), (None, -1, 0))
                else:
                    self.assertIn(wire.ends(), codes)

    def test_stream(self):
        """a fault of a stream's resets it with its code, and the connection goes on"""
        for section, sentence, frames, codes in STREAM:
            with self.subTest(section=section, what=sentence):
                wire = self.wire()
                frames(wire)
                wire.until(lambda: wire.answer(1).reset is not None or wire.closed, 5)
                found = wire.goaway.error_code if wire.closed and wire.goaway else wire.answer(1).reset
                self.assertIn(found, codes)
                if not wire.closed:
                    self.assertTrue(wire.lives())

    def test_preface(self):
        """3.5: settings come first; what is no preface of HTTP/2 is answered in HTTP/1.1 or closed"""
        wire = self.wire()
        self.assertEqual(type(wire.frames[0]).__name__, "SettingsFrame")
        wire = self.wire(preface=False)
        wire.send(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + raw(4, 0, 0))
        self.assertIsNotNone(wire.ends())
        with socket.create_connection(("127.0.0.1", self.gateway.port), timeout=5) as plain:
            plain.sendall(b"INVALID CONNECTION PREFACE\r\n\r\n")
            self.assertTrue(plain.recv(100).startswith(b"HTTP/1.1 501"))

    def test_preface_in_pieces(self):
        """3.4: the preface may come byte by byte"""
        wire = self.wire(preface=False)
        for byte in PREFACE + raw(4, 0, 0):
            wire.send(bytes([byte]))
        self.assertEqual(wire.ready().headers(1, HEALTH).whole(1).status, 200)

    def test_first_frame(self):
        """3.4: a first frame that is no SETTINGS ends the connection"""
        wire = self.wire(preface=False)
        wire.send(PREFACE + raw(6, 0, 0, b"12345678"))
        self.assertEqual(wire.ends(), PROTOCOL_ERROR)

    def test_largest_frame(self):
        """4.2/1: DATA of 16,384 bytes are taken"""
        wire = self.wire()
        body = b'{"model":"m","messages":[]}'.ljust(16384)
        wire.headers(1, UPLOAD, end=False).data(1, body, end=True)
        self.assertIsNotNone(wire.whole(1).status)

    def test_priority_of_itself(self):
        """5.3.1/2: PRIORITY that depends on itself ends the connection, as RFC 7540 has it; RFC 9113 (§5.3.2) would let it pass"""
        wire = self.wire()
        wire.send(raw(2, 0, 3, word(3) + b"\xff"))
        self.assertFalse(wire.lives())
        self.assertEqual(wire.goaway.error_code, PROTOCOL_ERROR)

    def test_stream_cap(self):
        """5.1.2: a stream past the cap is refused, or ends the connection"""
        wire = self.wire()
        count = wire.settings[3]
        for number in range(count + 1):
            begun(wire, 2 * number + 1)
        last = wire.answer(2 * count + 1)
        self.assertTrue(wire.until(lambda: last.reset is not None or wire.goaway))
        self.assertIn(wire.goaway.error_code if wire.goaway else last.reset, (REFUSED_STREAM, PROTOCOL_ERROR))

    def test_closes(self):
        """5.4.1: a connection that failed says GOAWAY and closes"""
        wire = self.wire()
        wire.ping(b"short")
        self.assertEqual(wire.ends(), FRAME_SIZE_ERROR)

    def test_settings_in_order(self):
        """6.5.3: a setting given twice has its last value, and each frame is acknowledged"""
        wire = self.wire()
        wire.send(raw(4, 0, 0, setting(4, 100) + setting(4, 1)))
        wire.opens = False
        wire.headers(1, HEALTH)
        self.assertTrue(wire.until(lambda: len(wire.answer(1).body) > 0))
        self.assertFalse(wire.until(lambda: len(wire.answer(1).body) > 1, 0.3))
        acknowledged = [frame for frame in wire.frames if type(frame).__name__ == "SettingsFrame" and "ACK" in frame.flags]
        self.assertEqual(len(acknowledged), 2)

    def test_ping(self):
        """6.7/1: PING comes back with the same bytes"""
        self.assertTrue(self.wire().lives())

    def test_window_of_one(self):
        """6.9.1/1: with a window of one byte one byte is sent, and the rest as the window opens"""
        wire = self.wire(settings={4: 1}, opens=False)
        wire.headers(1, HEALTH)
        answer = wire.answer(1)
        self.assertTrue(wire.until(lambda: len(answer.body) == 1))
        self.assertFalse(wire.until(lambda: len(answer.body) > 1, 0.3))
        wire.send(raw(8, 0, 1, word(1000)))
        self.assertEqual(wire.whole(1).body, b'{"status":"ok"}')

    def test_window_changed(self):
        """6.9.2/1 and 2: a change of INITIAL_WINDOW_SIZE moves the windows of open streams, below zero, too"""
        wire = self.wire(settings={4: 5}, opens=False)
        wire.headers(1, HEALTH)
        answer = wire.answer(1)
        self.assertTrue(wire.until(lambda: len(answer.body) == 5))
        wire.send(raw(4, 0, 0, setting(4, 2)) + raw(8, 0, 1, word(3)))
        self.assertFalse(wire.until(lambda: len(answer.body) > 5, 0.3))
        wire.send(raw(8, 0, 1, word(1)))
        self.assertTrue(wire.until(lambda: len(answer.body) == 6))
        wire.send(raw(4, 0, 0, setting(4, 100)))
        self.assertTrue(wire.whole(1).ended)

    def test_continuation(self):
        """6.10/1: a header block in CONTINUATION frames is one block"""
        wire = self.wire()
        block = wire.pack(HEALTH)
        wire.send(raw(1, 1, 1, block[:4]) + raw(9, 0, 1, block[4:8]) + raw(9, 4, 1, block[8:]))
        self.assertEqual(wire.whole(1).status, 200)

    def test_accepted(self):
        """generic: padding, priorities, trailers and the usual methods are taken"""
        wire = self.wire()
        wire.send(raw(1, 0xD, 1, b"\x04" + wire.pack(HEALTH) + bytes(4)))
        wire.send(raw(1, 0x25, 3, word(1) + b"\x0f" + wire.pack(HEALTH)))
        wire.send(raw(2, 0, 5, word(0) + b"\xff"))
        wire.headers(7, UPLOAD, end=False).send(raw(0, 8, 7, b"\x03{}   ")).headers(7, [("checksum", "1")])
        wire.headers(9, fields("HEAD", "/health"))
        wire.headers(11, fields("OPTIONS", "*"))
        self.assertEqual([wire.whole(stream).status for stream in (1, 3, 9)], [200, 200, 200])
        self.assertEqual(wire.whole(9).body, b"")
        self.assertTrue(wire.whole(7).status and wire.whole(11).status)
        self.assertTrue(wire.lives())

    def test_reset_is_quiet(self):
        """6.4: after a client's RST_STREAM nothing more comes on its stream"""
        wire = self.wire()
        begun(wire).reset(1, CANCEL)
        self.assertTrue(wire.lives())
        self.assertIsNone(wire.answer(1).fields)
