// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the sources behind gikev2_cert.h share.
 */
#ifndef GIKEV2_CERT_PRIVATE_H
#define GIKEV2_CERT_PRIVATE_H

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "gikev2/gikev2_cert.h"

#define GIKEV2_NAME_TEXT_MAX 256

struct gikev2_anchors {
	X509_STORE *store; /* anchors and CRLs, as path building wants them */
	STACK_OF(X509) * certs[GIKEV2_TRUST_CRL]; /* by kind */
	STACK_OF(X509_CRL) * crls;
	bool crl_required;
	uint8_t hints[GIKEV2_ANCHORS_MAX * GIKEV2_CERT_HINT_LEN];
};

/* The whole chunk as one certificate; NULL: it is none. */
X509 *gikev2_x509_parse(struct gikev2_chunk der);

/* SHA-1 of the SubjectPublicKeyInfo. */
bool gikev2_x509_hint(const X509 *x509, uint8_t hint[GIKEV2_CERT_HINT_LEN]);

/* As gikev2_cert_names(). */
int gikev2_x509_names(const X509 *x509, const struct gikev2_id *id);

/* "O=Example,CN=r1": printable ASCII, cut off where it is too long.  An empty
 * name is "(empty)".  Returns buf. */
const char *gikev2_x509_name_text(const X509_NAME *name, char *buf,
				  size_t size);

/* Seconds since 1970. */
bool gikev2_asn1_time(const ASN1_TIME *time, int64_t *seconds);

#endif /* GIKEV2_CERT_PRIVATE_H */
