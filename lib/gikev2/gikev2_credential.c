// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What we show of ourselves: a private key and its certificates.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "gikev2/gikev2_cert_private.h"

struct shown {
	X509 *x509;
	uint8_t *der;
	size_t len;
	uint8_t hint[GIKEV2_CERT_HINT_LEN];
};

struct gikev2_credential {
	struct gikev2_key *key;
	size_t count;
	struct shown certs[GIKEV2_CERTS_MAX]; /* that of the key first */
};

void gikev2_credential_free(struct gikev2_credential *credential)
{
	if (!credential)
		return;
	gikev2_key_free(credential->key);
	for (size_t i = 0; i < credential->count; i++) {
		X509_free(credential->certs[i].x509);
		OPENSSL_free(credential->certs[i].der);
	}
	free(credential);
}

static int take_cert(struct gikev2_credential *credential,
		     struct gikev2_chunk der)
{
	struct shown *shown = &credential->certs[credential->count];

	shown->x509 = gikev2_x509_parse(der);
	if (!shown->x509)
		return -GIKEV2_ERR_CERT_MALFORMED;
	credential->count++;
	shown->der = OPENSSL_memdup(der.ptr, der.len);
	shown->len = der.len;
	if (!shown->der || !gikev2_x509_hint(shown->x509, shown->hint))
		return -GIKEV2_ERR_NO_MEMORY;
	return 0;
}

static bool is_of_key(const X509 *x509, const struct gikev2_key *key)
{
	EVP_PKEY *pkey = X509_get0_pubkey(x509);
	struct gikev2_key *public = NULL;
	bool equal;

	if (!pkey || gikev2_key_new(pkey, false, &public) < 0)
		return false;
	equal = gikev2_key_equal(public, key);
	gikev2_key_free(public);
	return equal;
}

/* The certificate of the key goes to the front. */
static int put_own_first(struct gikev2_credential *credential)
{
	struct shown *certs = credential->certs;

	for (size_t i = 0; i < credential->count; i++) {
		struct shown own = certs[i];

		if (!is_of_key(own.x509, credential->key))
			continue;
		memmove(&certs[1], &certs[0], i * sizeof(certs[0]));
		certs[0] = own;
		return 0;
	}
	return credential->count ? -GIKEV2_ERR_NO_CREDENTIAL : 0;
}

static int fill(struct gikev2_credential *credential,
		const struct gikev2_key *key, const struct gikev2_chunk *certs,
		size_t count, char *problem, size_t size)
{
	int ret;

	credential->key = gikev2_key_dup(key);
	if (!credential->key)
		return -GIKEV2_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		ret = take_cert(credential, certs[i]);
		if (ret < 0) {
			snprintf(problem, size, "certificate %zu of %zu: %s",
				 i + 1, count, gikev2_err_text(ret));
			return ret;
		}
	}
	ret = put_own_first(credential);
	if (ret < 0)
		snprintf(problem, size,
			 "none of the certificates is that of the private key");
	return ret;
}

int gikev2_credential_new(const struct gikev2_key *key,
			  const struct gikev2_chunk *certs, size_t count,
			  struct gikev2_credential **credential, char *problem,
			  size_t size)
{
	struct gikev2_credential *made;
	int ret;

	*credential = NULL;
	snprintf(problem, size, "%s", "");
	if (!gikev2_key_private(key)) {
		snprintf(problem, size, "the key is a public key");
		return -GIKEV2_ERR_KEY_REFUSED;
	}
	if (count > GIKEV2_CERTS_MAX) {
		snprintf(problem, size, "%zu certificates: at most %d are sent",
			 count, GIKEV2_CERTS_MAX);
		return -GIKEV2_ERR_LIMIT;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return -GIKEV2_ERR_NO_MEMORY;
	ret = fill(made, key, certs, count, problem, size);
	if (ret == 0)
		*credential = made;
	else
		gikev2_credential_free(made);
	if (ret < 0 && !*problem)
		snprintf(problem, size, "%s", gikev2_err_text(ret));
	return ret;
}

const struct gikev2_key *
gikev2_credential_key(const struct gikev2_credential *credential)
{
	return credential->key;
}

size_t gikev2_credential_certs(const struct gikev2_credential *credential,
			       struct gikev2_chunk certs[GIKEV2_CERTS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < credential->count; i++) {
		const struct shown *shown = &credential->certs[i];

		if (i == 0 ||
		    !(X509_get_extension_flags(shown->x509) & EXFLAG_SS))
			certs[count++] =
				(struct gikev2_chunk){ shown->der, shown->len };
	}
	return count;
}

/* --------------------------------------------------------------- selection */

static bool listed(struct gikev2_chunk certreq,
		   const uint8_t hint[GIKEV2_CERT_HINT_LEN])
{
	for (size_t i = 0; i + GIKEV2_CERT_HINT_LEN <= certreq.len;
	     i += GIKEV2_CERT_HINT_LEN)
		if (memcmp(certreq.ptr + i, hint, GIKEV2_CERT_HINT_LEN) == 0)
			return true;
	return false;
}

/* Is an anchor of ours that the peer listed the issuer? */
static bool issued_by_listed(const struct gikev2_anchors *anchors, X509 *x509,
			     struct gikev2_chunk certreq)
{
	STACK_OF(X509) *cas = anchors->certs[GIKEV2_TRUST_ANCHOR];

	for (int i = 0; i < sk_X509_num(cas); i++)
		if (listed(certreq,
			   anchors->hints + (size_t)i * GIKEV2_CERT_HINT_LEN) &&
		    X509_check_issued(sk_X509_value(cas, i), x509) == X509_V_OK)
			return true;
	return false;
}

static bool leads_to(const struct gikev2_credential *credential,
		     const struct gikev2_anchors *anchors,
		     struct gikev2_chunk certreq)
{
	for (size_t i = 0; i < credential->count; i++) {
		const struct shown *shown = &credential->certs[i];

		if (listed(certreq, shown->hint) ||
		    (anchors &&
		     issued_by_listed(anchors, shown->x509, certreq)))
			return true;
	}
	return false;
}

const struct gikev2_credential *
gikev2_credential_select(const struct gikev2_credential *const *credentials,
			 size_t count, const struct gikev2_anchors *anchors,
			 struct gikev2_chunk certreq, uint32_t hashes)
{
	const struct gikev2_credential *first = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!gikev2_sign_choose(credentials[i]->key, hashes))
			continue;
		if (leads_to(credentials[i], anchors, certreq))
			return credentials[i];
		if (!first)
			first = credentials[i];
	}
	return first;
}
