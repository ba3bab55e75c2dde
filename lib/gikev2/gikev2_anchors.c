// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Trust anchors, intermediate CAs, CRLs.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "gikev2/gikev2_cert_private.h"

struct gikev2_anchors *gikev2_anchors_new(void)
{
	struct gikev2_anchors *anchors = calloc(1, sizeof(*anchors));

	if (!anchors)
		return NULL;
	anchors->store = X509_STORE_new();
	for (int i = 0; i < GIKEV2_TRUST_CRL; i++)
		anchors->certs[i] = sk_X509_new_null();
	anchors->crls = sk_X509_CRL_new_null();
	if (anchors->store && anchors->certs[GIKEV2_TRUST_ANCHOR] &&
	    anchors->certs[GIKEV2_TRUST_INTERMEDIATE] && anchors->crls)
		return anchors;
	gikev2_anchors_free(anchors);
	return NULL;
}

void gikev2_anchors_free(struct gikev2_anchors *anchors)
{
	if (!anchors)
		return;
	X509_STORE_free(anchors->store);
	for (int i = 0; i < GIKEV2_TRUST_CRL; i++)
		sk_X509_pop_free(anchors->certs[i], X509_free);
	sk_X509_CRL_pop_free(anchors->crls, X509_CRL_free);
	free(anchors);
}

void gikev2_anchors_require_crl(struct gikev2_anchors *anchors, bool required)
{
	anchors->crl_required = required;
}

size_t gikev2_anchors_count(const struct gikev2_anchors *anchors,
			    enum gikev2_trust kind)
{
	int count = kind == GIKEV2_TRUST_CRL
			    ? sk_X509_CRL_num(anchors->crls)
			    : sk_X509_num(anchors->certs[kind]);

	return (size_t)count;
}

struct gikev2_chunk gikev2_anchors_certreq(const struct gikev2_anchors *anchors)
{
	return (struct gikev2_chunk){
		anchors->hints,
		gikev2_anchors_count(anchors, GIKEV2_TRUST_ANCHOR) *
			GIKEV2_CERT_HINT_LEN,
	};
}

X509 *gikev2_x509_parse(struct gikev2_chunk der)
{
	const uint8_t *end = der.ptr;
	X509 *x509 = NULL;

	if (der.len && der.len <= GIKEV2_CERT_LEN_MAX)
		x509 = d2i_X509(NULL, &end, (long)der.len);
	if (x509 && (end != der.ptr + der.len ||
		     (X509_get_extension_flags(x509) & EXFLAG_INVALID))) {
		X509_free(x509);
		x509 = NULL;
	}
	ERR_clear_error();
	return x509;
}

bool gikev2_x509_hint(const X509 *x509, uint8_t hint[GIKEV2_CERT_HINT_LEN])
{
	uint8_t *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
	bool ok = len > 0 && EVP_Q_digest(NULL, "SHA1", NULL, der, (size_t)len,
					  hint, NULL) == 1;

	OPENSSL_free(der);
	ERR_clear_error();
	return ok;
}

static bool known(STACK_OF(X509) * certs, const X509 *x509)
{
	for (int i = 0; i < sk_X509_num(certs); i++)
		if (X509_cmp(sk_X509_value(certs, i), x509) == 0)
			return true;
	return false;
}

/* Takes `x509` over when it succeeds. */
static int add_cert(struct gikev2_anchors *anchors, enum gikev2_trust kind,
		    X509 *x509)
{
	size_t count = gikev2_anchors_count(anchors, kind);

	if (count >= GIKEV2_ANCHORS_MAX)
		return -GIKEV2_ERR_LIMIT;
	if (kind == GIKEV2_TRUST_ANCHOR &&
	    (!gikev2_x509_hint(x509,
			       anchors->hints + count * GIKEV2_CERT_HINT_LEN) ||
	     X509_STORE_add_cert(anchors->store, x509) != 1))
		return -GIKEV2_ERR_CERT_MALFORMED;
	if (sk_X509_push(anchors->certs[kind], x509) <= 0)
		return -GIKEV2_ERR_NO_MEMORY;
	return 0;
}

static bool crl_known(const struct gikev2_anchors *anchors, const X509_CRL *crl)
{
	for (int i = 0; i < sk_X509_CRL_num(anchors->crls); i++)
		if (X509_CRL_match(sk_X509_CRL_value(anchors->crls, i), crl) ==
		    0)
			return true;
	return false;
}

/* Takes `crl` over when it succeeds. */
static int add_crl(struct gikev2_anchors *anchors, X509_CRL *crl)
{
	if (sk_X509_CRL_num(anchors->crls) >= GIKEV2_ANCHORS_MAX)
		return -GIKEV2_ERR_LIMIT;
	if (X509_STORE_add_crl(anchors->store, crl) != 1)
		return -GIKEV2_ERR_CERT_MALFORMED;
	if (sk_X509_CRL_push(anchors->crls, crl) <= 0)
		return -GIKEV2_ERR_NO_MEMORY;
	return 0;
}

int gikev2_anchors_share_crls(struct gikev2_anchors *anchors,
			      const struct gikev2_anchors *from)
{
	int ret = 0;

	for (int i = 0; ret == 0 && i < sk_X509_CRL_num(from->crls); i++) {
		X509_CRL *crl = sk_X509_CRL_value(from->crls, i);

		if (crl_known(anchors, crl))
			continue;
		X509_CRL_up_ref(crl);
		ret = add_crl(anchors, crl);
		if (ret < 0)
			X509_CRL_free(crl);
	}
	ERR_clear_error();
	return ret;
}

static int parse_crl(struct gikev2_anchors *anchors, struct gikev2_chunk der)
{
	const uint8_t *end = der.ptr;
	X509_CRL *crl = d2i_X509_CRL(NULL, &end, (long)der.len);
	int ret = 0;

	if (!crl || end != der.ptr + der.len) {
		ret = -GIKEV2_ERR_CERT_MALFORMED;
	} else if (!crl_known(anchors, crl)) {
		ret = add_crl(anchors, crl);
		if (ret == 0)
			return 0;
	}
	X509_CRL_free(crl);
	ERR_clear_error();
	return ret;
}

int gikev2_anchors_add(struct gikev2_anchors *anchors, enum gikev2_trust kind,
		       struct gikev2_chunk der)
{
	X509 *x509;
	int ret = 0;

	if (kind == GIKEV2_TRUST_CRL)
		return parse_crl(anchors, der);
	x509 = gikev2_x509_parse(der);
	if (!x509)
		return -GIKEV2_ERR_CERT_MALFORMED;
	if (!known(anchors->certs[kind], x509)) {
		ret = add_cert(anchors, kind, x509);
		if (ret == 0)
			return 0;
	}
	X509_free(x509);
	ERR_clear_error();
	return ret;
}
