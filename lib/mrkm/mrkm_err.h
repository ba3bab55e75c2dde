// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reasons of the key channel: one enum with one text each.  A function fails
 * with the negated reason, a dropped message is counted under its reason, and
 * a receiver answers with one reason for each key.
 */
#ifndef MRKM_ERR_H
#define MRKM_ERR_H

/* clang-format off */
#define MRKM_ERRORS(X)                                                         \
	X(OK, "ok", "installed")                                               \
	/* what became of a key, or of a whole key chain */                    \
	X(PENDING, "pending", "sent, not acknowledged yet")                    \
	X(CONFLICT, "conflict",                                                \
	  "key chain holds keys configured by hand; remove them or name another key chain") \
	X(EXPOSED, "exposed",                                                  \
	  "an interface would send the key as a password in the clear; configure authentication mode md5 there") \
	X(CHAIN_BUSY, "chain-busy",                                            \
	  "key chain already belongs to another group; name another key chain") \
	X(PROTOCOL, "protocol", "protocol is not keyed through this daemon")   \
	X(ALGORITHM, "algorithm",                                              \
	  "algorithm is not supported by this build of the daemon")            \
	X(BAD_KEY, "bad-key",                                                  \
	  "key has the wrong length or a NUL octet, or its ID is out of range") \
	X(EXPIRED, "expired", "lifetime was over on arrival")                  \
	X(LIMIT, "limit", "more than this implementation accepts")             \
	X(NO_WRAP_KEY, "no-wrap-key",                                          \
	  "wrap key file is missing, not private, or left by another mrkmd")   \
	X(UNWRAP, "unwrap", "key unwrap failed")                               \
	X(KERNEL, "kernel",                                                    \
	  "kernel refused it: it has no ESP or AH, or not this algorithm; load its modules or use another kernel") \
	X(SPI_BUSY, "spi-busy",                                                \
	  "SPI is in use for the same destination by a key that is not this one") \
	X(SENDER_ID, "sender-id",                                              \
	  "kernel cannot put Sender-IDs into IVs, which a counter mode needs that senders share; let each sender have an SA of its own") \
	X(FAMILY, "family",                                                    \
	  "key is not for this address family; with policies in plain form, keys of PIM are for IPv4 alone") \
	X(NO_GUARD, "no-guard",                                                \
	  "zebra has no mrkm module; add \"-M mrkm\" to its options")          \
	/* why an interface is closed */                                       \
	X(NO_KEY, "no-key", "no key is valid for sending")                     \
	X(NO_INTERFACE, "no-interface", "there is no such interface now")      \
	/* why a message was dropped */                                        \
	X(TRUNCATED, "truncated", "message ends in the middle of a field")     \
	X(TRAILING, "trailing", "octets behind the last field")                \
	X(BAD_VERSION, "bad-version",                                          \
	  "other version of the key channel; install mrkmd and mrkm.so of one release") \
	X(BAD_TYPE, "bad-type", "unknown message type")                        \
	X(BAD_VALUE, "bad-value", "field out of its range")                    \
	X(BAD_TEXT, "bad-text", "name that is empty, too long or not printable") \
	X(BAD_SENDER, "bad-sender", "message from a process that may not send it") \
	X(OUT_OF_SESSION, "out-of-session", "message of another session")      \
	X(OUT_OF_ORDER, "out-of-order", "message was lost before this one")    \
	X(CAPABILITY, "capability", "receiver can do something else now")      \
	/* why something was not done */                                       \
	X(NO_ANSWER, "no-answer", "receiver did not answer in time")           \
	X(NOT_CONNECTED, "not-connected", "no connection to zebra")            \
	X(OUTPUT, "output", "message could not be sent")                       \
	X(NO_SPACE, "no-space", "message does not fit its buffer")             \
	X(NO_MEMORY, "no-memory", "out of memory")                             \
	X(CRYPTO, "crypto", "the cryptographic library refused an operation")  \
	X(FILE, "file", "wrap key file could not be written")
/* clang-format on */

enum mrkm_err {
#define X(id, name, text) MRKM_ERR_##id,
	MRKM_ERRORS(X)
#undef X
	MRKM_ERR_MAX
};

/* The text of a reason; `err` may be negated or not.  Never NULL. */
const char *mrkm_err_text(int err);

/* A short name of it ("bad-version") for counters and JSON.  Never NULL. */
const char *mrkm_err_name(int err);

#endif /* MRKM_ERR_H */
