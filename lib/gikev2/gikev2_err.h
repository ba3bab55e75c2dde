// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reasons: one enum with one text each.  A function fails with the negated
 * reason; a dropped datagram is counted under its reason.
 */
#ifndef GIKEV2_ERR_H
#define GIKEV2_ERR_H

#define GIKEV2_ERRORS(X)                                                       \
	X(OK, "no error")                                                      \
	/* malformed input */                                                  \
	X(TOO_SHORT, "datagram shorter than an IKE header")                    \
	X(TOO_LONG, "message longer than this implementation accepts")         \
	X(BAD_LENGTH, "IKE header length differs from the datagram")           \
	X(NOT_IKE, "no IKE message on the NAT-T port")                         \
	X(BAD_VERSION, "major version is not 2")                               \
	X(BAD_FLAGS, "initiator or response flag does not fit the exchange")   \
	X(BAD_EXCHANGE, "unknown exchange type")                               \
	X(MULTICAST, "sent to a multicast group, but no rekey message")        \
	X(BAD_SYNTAX, "malformed payload")                                     \
	X(BAD_ATTRIBUTE, "malformed or repeated attribute")                    \
	X(CRITICAL_PAYLOAD, "unknown payload marked critical")                 \
	X(LIMIT, "more elements than this implementation accepts")             \
	/* no state for it */                                                  \
	X(UNKNOWN_SPI, "no IKE SA with that SPI")                              \
	X(NOT_SERVER, "registration request, but no key server is configured") \
	X(HALF_OPEN_LIMIT, "too many half-open registrations")                 \
	X(HALF_OPEN_PREFIX,                                                    \
	  "too many half-open registrations of that network")                  \
	X(IDLE_LIMIT, "too many IKE SAs that serve no group")                  \
	X(REASSEMBLY_LIMIT, "too many fragments of peers without a name")      \
	X(COOKIE, "asked to come again with a cookie")                         \
	X(STATE_NOT_FOUND, "no key exchange that this one could follow")       \
	X(BAD_STATE, "exchange not admissible in this state")                  \
	X(BAD_PAYLOADS, "payloads do not fit the exchange in this state")      \
	X(OLD_MESSAGE, "Message ID is outside the window")                     \
	X(UNSOLICITED, "response to no request of ours")                       \
	X(REKEY_LOST, "a rekey message of the key server did not arrive")      \
	X(NEXT_SPI,                                                            \
	  "rekey message over a Rekey SA whose announcement was lost")         \
	X(UNPROTECTED, "cleartext where protection is required")               \
	/* cryptography */                                                     \
	X(BAD_ICV, "integrity check failed")                                   \
	X(BAD_KEY_WRAP, "key unwrap failed")                                   \
	X(BAD_KE, "invalid key exchange value")                                \
	X(AUTH_FAILED, "authentication failed")                                \
	X(NO_CREDENTIAL, "no credential for that identity")                    \
	X(AUTH_METHOD,                                                         \
	  "authentication method that is not taken from that peer")            \
	X(PPK,                                                                 \
	  "no post-quantum pre-shared key in common, and one is mandatory")    \
	X(CRYPTO, "the cryptographic library refused an operation")            \
	/* signatures, certificates */                                         \
	X(BAD_SIGNATURE, "signature does not verify")                          \
	X(SIGNATURE_ALGORITHM,                                                 \
	  "signature algorithm unknown or not of that key")                    \
	X(HASH_NOT_ALLOWED, "signature with a hash that was not agreed on")    \
	X(KEY_REFUSED, "key of a kind or size that is not accepted")           \
	X(CERT_MISSING, "peer signed, and sent no certificate")                \
	X(CERT_CHAIN, "more certificates than this implementation accepts")    \
	X(CERT_MALFORMED, "certificate is malformed")                          \
	X(CERT_USAGE, "certificate is not meant for this use")                 \
	X(CERT_WEAK, "certificate with a key or signature that is too weak")   \
	X(CERT_UNTRUSTED, "certificate does not lead to a trust anchor")       \
	X(CERT_NOT_YET_VALID, "certificate is not valid yet")                  \
	X(CERT_EXPIRED, "certificate has expired")                             \
	X(CERT_REVOKED, "certificate is revoked")                              \
	X(CERT_CRL, "no usable CRL to check a certificate against")            \
	X(CERT_NAME, "certificate is not for that identity")                   \
	/* negotiation, group */                                               \
	X(NO_PROPOSAL, "no proposal acceptable to both sides")                 \
	X(INVALID_GROUP, "no such group")                                      \
	X(NOT_AUTHORIZED, "not authorized for that group")                     \
	X(OTHER_PROOF,                                                         \
	  "what it proved its identity with is not good for that group")       \
	X(MEMBER_LIMIT, "the group has as many members as it may have")        \
	X(TOO_OFTEN, "the member registers again and again")                   \
	X(REGISTRATION_FAILED, "the group takes no registration now")          \
	X(BUSY,                                                                \
	  "too many generations of keys are alive, wait for the last roll")    \
	X(BAD_POLICY, "group policy that this member cannot follow")           \
	X(SELECTORS, "IPsec policy with selectors of no protocol here")        \
	X(TUNNEL_MODE, "IPsec policy in tunnel mode")                          \
	X(SENDER_ID, "no Sender-ID to use a counter mode with")                \
	X(EXCLUDED, "no way to the group's keys: excluded by the key server")  \
	X(BAD_KEY, "key of the wrong length or with a NUL octet")              \
	X(UNEXPECTED_NOTIFY, "peer answered with an unexpected error notify")  \
	/* life of an SA */                                                    \
	X(TIMEOUT, "no answer from the peer")                                  \
	X(DELETED, "deleted by the peer")                                      \
	X(LEFT, "left the group")                                              \
	X(REPLACED, "replaced by a newer registration")                        \
	X(ADMIN, "ended by the operator")                                      \
	X(LIFETIME, "lifetime is over")                                        \
	X(NO_MEMORY, "out of memory")                                          \
	X(NO_RANDOM, "no random octets")                                       \
	X(OUTPUT, "datagram could not be sent")                                \
	X(DUPLICATE, "repeated request, answered from the stored response")    \
	/* state kept beyond the process */                                    \
	X(STATE, "stored state is damaged")                                    \
	X(STATE_VERSION, "stored state was written by newer software")         \
	X(STATE_LOST, "state could not be stored")

enum gikev2_err {
#define X(name, text) GIKEV2_ERR_##name,
	GIKEV2_ERRORS(X)
#undef X
	GIKEV2_ERR_MAX
};

/* The text of a reason; `err` may be negated or not.  Never NULL. */
const char *gikev2_err_text(int err);

/* A short name of it ("bad-syntax") for counters and JSON.  Never NULL. */
const char *gikev2_err_name(int err);

#endif /* GIKEV2_ERR_H */
