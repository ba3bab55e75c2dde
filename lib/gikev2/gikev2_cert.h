// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * X.509 certificates (RFC 5280): whom we trust, who the peer is, and what we
 * show of ourselves.  All in memory: files are read by gikev2_store.h.
 *
 * Instants here are of the wall clock, seconds since 1970 UTC (a time_t): that
 * is what certificates know, and the caller has the clock.
 *
 * What goes wrong is told twice: as a negated enum gikev2_err, and in `problem`
 * as one line with the certificate's subject and the reason, printable ASCII
 * whatever the certificate holds.  GIKEV2_PROBLEM_MAX octets are room enough.
 */
#ifndef GIKEV2_CERT_H
#define GIKEV2_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gikev2/gikev2.h" /* struct gikev2_id */
#include "gikev2/gikev2_sign.h"

#define GIKEV2_CERTS_MAX 8	  /* that a peer may send, or we */
#define GIKEV2_CERT_LEN_MAX 16384 /* octets of one */
#define GIKEV2_CERT_DEPTH_MAX 8	  /* CAs between a peer and its anchor */
#define GIKEV2_ANCHORS_MAX 64	  /* of each kind */
#define GIKEV2_CERT_HINT_LEN 20	  /* SHA-1 of a SubjectPublicKeyInfo */
#define GIKEV2_PROBLEM_MAX 640

/* ----------------------------------------------------------- whom we trust */

enum gikev2_trust {
	GIKEV2_TRUST_ANCHOR,
	GIKEV2_TRUST_INTERMEDIATE, /* a CA, to help peers that do not send it */
	GIKEV2_TRUST_CRL,
	GIKEV2_TRUST_KINDS
};

/* Trust anchors, intermediate CAs and CRLs. */
struct gikev2_anchors;

struct gikev2_anchors *gikev2_anchors_new(void); /* NULL: out of memory */
void gikev2_anchors_free(struct gikev2_anchors *anchors);

/*
 * Adds a DER certificate or CRL; the same one twice counts once.  An anchor is
 * trusted as it is, self-signed or not, for what its own extensions admit; a
 * router's certificate as an anchor is that router's alone.  -CERT_MALFORMED,
 * -LIMIT.
 */
int gikev2_anchors_add(struct gikev2_anchors *anchors, enum gikev2_trust kind,
		       struct gikev2_chunk der);

/*
 * Adds the CRLs of others, which both have then; they are in memory once.  0, or
 * a negated reason.
 */
int gikev2_anchors_share_crls(struct gikev2_anchors *anchors,
			      const struct gikev2_anchors *from);

/*
 * Revocation.  A certificate whose issuer has a CRL here is checked against it,
 * and a CRL that is out of date, or not signed by that issuer, refuses all of
 * that issuer's certificates.  A certificate whose issuer has none passes, or
 * is refused when CRLs are required.  Default: not required.
 */
void gikev2_anchors_require_crl(struct gikev2_anchors *anchors, bool required);

size_t gikev2_anchors_count(const struct gikev2_anchors *anchors,
			    enum gikev2_trust kind);

/* What a CERTREQ payload lists after its encoding (RFC 7296 section 3.7): 20
 * octets for each anchor.  Borrowed, until the next one is added. */
struct gikev2_chunk
gikev2_anchors_certreq(const struct gikev2_anchors *anchors);

/* ------------------------------------------------------------- a peer's word */

/*
 * Verifies the certificates that a peer sent, in the order of its CERT payloads
 * (the first holds the key), up to an anchor, at the instant `now`, and that
 * the first names the identity `peer`.
 *
 * Checked as RFC 5280 section 6 says: signatures, validity, basic constraints,
 * key usage, name constraints, revocation; an unknown critical extension, RSA
 * below 2048 bits and SHA-1 are refused.  Extended key usage is that of
 * RFC 4945 section 5.1.3.12.
 *
 * 0: *key is the peer's public key, to be freed by the caller.  Or a reason,
 * and *key is NULL.
 */
int gikev2_cert_verify(const struct gikev2_anchors *anchors,
		       const struct gikev2_chunk *certs, size_t count,
		       const struct gikev2_id *peer, int64_t now,
		       struct gikev2_key **key, char *problem, size_t size);

/*
 * Does a DER certificate name `id`?  An FQDN, an e-mail or an IP address is
 * looked for in subjectAltName and nowhere else, without wildcards; a
 * distinguished name is compared with the subject.  Others, KEY_ID above all,
 * are in no certificate: what they say is no one's word.  0, -CERT_NAME or
 * -CERT_MALFORMED.
 */
int gikev2_cert_names(struct gikev2_chunk der, const struct gikev2_id *id);

/*
 * Distinguished names as text: "O=Example,CN=r1", in the order of the
 * certificate, as struct gikev2_cert_info has them.  Attributes by OpenSSL's
 * names; what is special in a value is escaped, as "\," or "\2C".  0, or
 * -CERT_MALFORMED.
 */
int gikev2_dn_parse(const char *text, struct gikev2_id *id);

/* ... and the other way round; false when the octets are no name. */
bool gikev2_dn_text(const struct gikev2_id *id, char *buf, size_t size);

/*
 * One encoding for all that X509_NAME_cmp() calls equal: values as UTF8String,
 * ASCII letters small, spaces single, lengths as DER wants them.  Octets that are
 * no name stay what they are.  0 or -LIMIT, see gikev2_id_fold().
 */
int gikev2_dn_fold(struct gikev2_id *id);

/*
 * Is `id` a name like that?  An asterisk in a value stands for any octets of
 * it, letters may be of either case, and no part is left out.
 */
bool gikev2_dn_match(const char *pattern, const struct gikev2_id *id);

/* How many octets of its values are no asterisks; negative: malformed. */
int gikev2_dn_literal(const char *pattern);

struct gikev2_cert_info {
	char subject[256]; /* printable, perhaps cut off */
	int64_t from, until;
};

/* For `show` and for warnings.  0 or -CERT_MALFORMED. */
int gikev2_cert_get_info(struct gikev2_chunk der,
			 struct gikev2_cert_info *info);

/* -------------------------------------------------- what we show of ourselves */

/* A private key, and certificates for it; without any it is a raw public key
 * (RFC 7670). */
struct gikev2_credential;

/*
 * The certificates may come in any order: that of the key is found by the key.
 * Takes a handle of its own on `key`.  -KEY_REFUSED for a public key,
 * -NO_CREDENTIAL when no certificate fits it, -CERT_MALFORMED, -LIMIT.
 */
int gikev2_credential_new(const struct gikev2_key *key,
			  const struct gikev2_chunk *certs, size_t count,
			  struct gikev2_credential **credential, char *problem,
			  size_t size);
void gikev2_credential_free(struct gikev2_credential *credential);

const struct gikev2_key *
gikev2_credential_key(const struct gikev2_credential *credential);

/*
 * The CERT payloads to send, that of the key first, self-signed CAs left out
 * (the peer has them or does not trust them); their number, 0 for a raw public
 * key.  Borrowed.
 */
size_t gikev2_credential_certs(const struct gikev2_credential *credential,
			       struct gikev2_chunk certs[GIKEV2_CERTS_MAX]);

/*
 * The one of ours to use with a peer that listed `certreq` (20 octets each, or
 * nothing) and `hashes`: the first that can sign with these and leads to one of
 * those, else the first that can sign.  `anchors` may be NULL; they tell of
 * roots that are not in our chain.  NULL: none can sign.
 */
const struct gikev2_credential *
gikev2_credential_select(const struct gikev2_credential *const *credentials,
			 size_t count, const struct gikev2_anchors *anchors,
			 struct gikev2_chunk certreq, uint32_t hashes);

#endif /* GIKEV2_CERT_H */
