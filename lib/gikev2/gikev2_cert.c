// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer's certificates: from the key it shows to an anchor of ours.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "gikev2/gikev2_cert_private.h"

/* RSA of 2048 bits, SHA-256: 112 bits and more. */
#define SECURITY_LEVEL 2

/* One verification. */
struct check {
	const struct gikev2_anchors *anchors;
	STACK_OF(X509) * sent; /* by the peer, and our intermediates */
	X509 *leaf;
	X509_STORE_CTX *ctx;
	char *problem;
	size_t size;
};

/* ------------------------------------------------------- what is said of it */

/* The line is `certificate of "subject" ...`. */
__attribute__((format(printf, 4, 5))) static int
refuse(const struct check *check, const X509 *x509, enum gikev2_err err,
       const char *format, ...)
{
	char subject[GIKEV2_NAME_TEXT_MAX];
	va_list ap;
	int len;

	len = snprintf(check->problem, check->size, "certificate of \"%s\" ",
		       gikev2_x509_name_text(X509_get_subject_name(x509),
					     subject, sizeof(subject)));
	if (len >= 0 && (size_t)len < check->size) {
		va_start(ap, format);
		vsnprintf(check->problem + len, check->size - len, format, ap);
		va_end(ap);
	}
	return -(int)err;
}

static const char *date_text(const ASN1_TIME *date,
			     char buf[GIKEV2_NAME_TEXT_MAX])
{
	struct tm tm;

	if (ASN1_TIME_to_tm(date, &tm) == 1)
		snprintf(buf, GIKEV2_NAME_TEXT_MAX,
			 "%04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900,
			 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
			 tm.tm_sec);
	else
		snprintf(buf, GIKEV2_NAME_TEXT_MAX, "an unknown date");
	return buf;
}

/* X509_V_ERR_... in words: text, what it is about, rest. */
static const struct verdict {
	int error;
	enum gikev2_err err;
	const char *text;
	enum {
		NOTHING,
		ISSUER,
		FROM,
		UNTIL
	} about;
	const char *rest;
} verdicts[] = {
	{ X509_V_ERR_CERT_NOT_YET_VALID, GIKEV2_ERR_CERT_NOT_YET_VALID,
	  "is not valid before ", FROM,
	  ": set the clock of this router, or wait" },
	{ X509_V_ERR_CERT_HAS_EXPIRED, GIKEV2_ERR_CERT_EXPIRED, "expired at ",
	  UNTIL, ": renew it, or set the clock of this router" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	  GIKEV2_ERR_CERT_UNTRUSTED, "leads to no trust anchor: its issuer \"",
	  ISSUER, "\" is none, and was not sent" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, GIKEV2_ERR_CERT_UNTRUSTED,
	  "leads to no trust anchor: its issuer \"", ISSUER,
	  "\" is none, and was not sent" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, GIKEV2_ERR_CERT_UNTRUSTED,
	  "leads to no trust anchor: its issuer \"", ISSUER,
	  "\" is none, and was not sent" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, GIKEV2_ERR_CERT_UNTRUSTED,
	  "is self-signed, and no trust anchor" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, GIKEV2_ERR_CERT_UNTRUSTED,
	  "is self-signed, and no trust anchor" },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, GIKEV2_ERR_CERT_UNTRUSTED,
	  "is not signed by \"", ISSUER, "\", as it claims" },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, GIKEV2_ERR_CERT_CHAIN,
	  "is too many CAs away from the peer's" },
	{ X509_V_ERR_CERT_REVOKED, GIKEV2_ERR_CERT_REVOKED,
	  "is revoked by the CRL of \"", ISSUER, "\"" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: there is no usable CRL of \"", ISSUER,
	  "\", get its current one" },
	{ X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: it is not known who signed the CRL of \"", ISSUER,
	  "\"" },
	{ X509_V_ERR_CRL_HAS_EXPIRED, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: the CRL of \"", ISSUER,
	  "\" is out of date, get its current one" },
	{ X509_V_ERR_CRL_NOT_YET_VALID, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: the CRL of \"", ISSUER,
	  "\" is not valid yet, set the clock of this router" },
	{ X509_V_ERR_CRL_SIGNATURE_FAILURE, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: the CRL of \"", ISSUER,
	  "\" is not signed by it" },
	{ X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: the keyUsage of \"", ISSUER, "\" lacks cRLSign" },
	{ X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: the CRL of \"", ISSUER,
	  "\" has a critical extension that is not understood" },
	{ X509_V_ERR_DIFFERENT_CRL_SCOPE, GIKEV2_ERR_CERT_CRL,
	  "cannot be checked: the CRL of \"", ISSUER,
	  "\" is for other certificates" },
	{ X509_V_ERR_CA_MD_TOO_WEAK, GIKEV2_ERR_CERT_WEAK,
	  "is signed with a hash that is too weak: SHA-256 is needed" },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, GIKEV2_ERR_CERT_WEAK,
	  "has a key that is too weak: RSA of 2048 bits is needed" },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, GIKEV2_ERR_CERT_WEAK,
	  "has a key that is too weak: RSA of 2048 bits is needed" },
	{ X509_V_ERR_INVALID_CA, GIKEV2_ERR_CERT_USAGE,
	  "is used as a CA, but its basicConstraints or keyUsage forbid that" },
	{ X509_V_ERR_KEYUSAGE_NO_CERTSIGN, GIKEV2_ERR_CERT_USAGE,
	  "is used as a CA, but its basicConstraints or keyUsage forbid that" },
	{ X509_V_ERR_PATH_LENGTH_EXCEEDED, GIKEV2_ERR_CERT_USAGE,
	  "has more CAs below it than it admits" },
	{ X509_V_ERR_PERMITTED_VIOLATION, GIKEV2_ERR_CERT_USAGE,
	  "has a name that a CA above it may not give" },
	{ X509_V_ERR_EXCLUDED_VIOLATION, GIKEV2_ERR_CERT_USAGE,
	  "has a name that a CA above it may not give" },
	{ X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, GIKEV2_ERR_CERT_USAGE,
	  "has a critical extension that is not understood" },
};

static const struct verdict *find_verdict(int error)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (verdicts[i].error == error)
			return &verdicts[i];
	return NULL;
}

static const char *about_text(const struct verdict *v, const X509 *x509,
			      char buf[GIKEV2_NAME_TEXT_MAX])
{
	switch (v->about) {
	case NOTHING:
		break;
	case ISSUER:
		return gikev2_x509_name_text(X509_get_issuer_name(x509), buf,
					     GIKEV2_NAME_TEXT_MAX);
	case FROM:
		return date_text(X509_get0_notBefore(x509), buf);
	case UNTIL:
		return date_text(X509_get0_notAfter(x509), buf);
	}
	return "";
}

/* Puts OpenSSL's verdict into words. */
static int explain(const struct check *check)
{
	int error = X509_STORE_CTX_get_error(check->ctx);
	const X509 *x509 = X509_STORE_CTX_get_current_cert(check->ctx);
	const struct verdict *v = find_verdict(error);
	char about[GIKEV2_NAME_TEXT_MAX];

	if (!x509)
		x509 = check->leaf;
	if (error == X509_V_ERR_OUT_OF_MEM)
		return refuse(check, x509, GIKEV2_ERR_NO_MEMORY,
			      "cannot be verified: out of memory");
	if (!v)
		return refuse(check, x509, GIKEV2_ERR_CERT_MALFORMED,
			      "is not acceptable: %s",
			      X509_verify_cert_error_string(error));
	return refuse(check, x509, v->err, "%s%s%s", v->text,
		      about_text(v, x509, about), v->rest ? v->rest : "");
}

/* ---------------------------------------------------- the way to an anchor */

static bool has_crl(const struct gikev2_anchors *anchors, const X509_NAME *ca)
{
	for (int i = 0; i < sk_X509_CRL_num(anchors->crls); i++)
		if (X509_NAME_cmp(X509_CRL_get_issuer(
					  sk_X509_CRL_value(anchors->crls, i)),
				  ca) == 0)
			return true;
	return false;
}

/*
 * A missing CRL is no failure for the anchor, which is trusted by word of the
 * operator, nor, unless CRLs are required, where the issuer has none at all.
 */
static bool may_lack_crl(const struct gikev2_anchors *anchors,
			 X509_STORE_CTX *ctx)
{
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
	const X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);

	if (depth == sk_X509_num(chain) - 1)
		return true;
	return !anchors->crl_required &&
	       !has_crl(anchors, X509_get_issuer_name(x509));
}

static int judge(int ok, X509_STORE_CTX *ctx)
{
	const struct check *check = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx);

	if (ok || (error != X509_V_ERR_UNABLE_TO_GET_CRL &&
		   error != X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER))
		return ok;
	if (!may_lack_crl(check->anchors, ctx))
		return 0;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

static bool prepare(struct check *check, int64_t now)
{
	const struct gikev2_anchors *anchors = check->anchors;
	X509_VERIFY_PARAM *param;
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;

	if (X509_STORE_CTX_init(check->ctx, anchors->store, check->leaf,
				check->sent) != 1)
		return false;
	if (anchors->crl_required || sk_X509_CRL_num(anchors->crls) > 0)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	param = X509_STORE_CTX_get0_param(check->ctx);
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_time(param, now);
	X509_VERIFY_PARAM_set_depth(param, GIKEV2_CERT_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	X509_STORE_CTX_set_verify_cb(check->ctx, judge);
	return X509_STORE_CTX_set_app_data(check->ctx, check) == 1;
}

/* ------------------------------------------------- the certificate itself */

/* ipsecIKE, iKEIntermediate (which came before it), any */
static const char *const purposes[] = { "1.3.6.1.5.5.7.3.17",
					"1.3.6.1.5.5.8.2.2", "2.5.29.37.0" };

static bool is_for_ike(const ASN1_OBJECT *purpose)
{
	char oid[32];

	OBJ_obj2txt(oid, sizeof(oid), purpose, 1);
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strcmp(oid, purposes[i]) == 0)
			return true;
	return false;
}

/* RFC 4945 section 5.1.3.12: without the extension any use is right. */
static bool extended_usage_fits(const X509 *x509)
{
	EXTENDED_KEY_USAGE *usage;
	bool fits = false;

	if (X509_get_ext_by_NID(x509, NID_ext_key_usage, -1) < 0)
		return true;
	usage = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; !fits && i < sk_ASN1_OBJECT_num(usage); i++)
		fits = is_for_ike(sk_ASN1_OBJECT_value(usage, i));
	EXTENDED_KEY_USAGE_free(usage);
	return fits;
}

static int check_leaf(const struct check *check, const struct gikev2_id *peer)
{
	char id[GIKEV2_NAME_TEXT_MAX];

	/* all bits are set when there is no keyUsage */
	if (!(X509_get_key_usage(check->leaf) &
	      (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)))
		return refuse(
			check, check->leaf, GIKEV2_ERR_CERT_USAGE,
			"is not meant for signatures: its keyUsage lacks digitalSignature");
	if (!extended_usage_fits(check->leaf))
		return refuse(
			check, check->leaf, GIKEV2_ERR_CERT_USAGE,
			"is not meant for IKE: its extendedKeyUsage lacks ipsecIKE (1.3.6.1.5.5.7.3.17)");
	if (gikev2_x509_names(check->leaf, peer) < 0)
		return refuse(check, check->leaf, GIKEV2_ERR_CERT_NAME,
			      "does not name its holder as \"%s\"",
			      gikev2_id_text(peer, id, sizeof(id)));
	return 0;
}

static int take_key(const struct check *check, struct gikev2_key **key)
{
	EVP_PKEY *pkey = X509_get0_pubkey(check->leaf);
	int ret = pkey ? gikev2_key_new(pkey, false, key)
		       : -GIKEV2_ERR_KEY_REFUSED;

	if (ret == -GIKEV2_ERR_KEY_REFUSED)
		return refuse(
			check, check->leaf, GIKEV2_ERR_KEY_REFUSED,
			"has a key that is not accepted: Ed25519, ECDSA on P-256 or P-384, RSA of %d to %d bits are",
			GIKEV2_RSA_BITS_MIN, GIKEV2_RSA_BITS_MAX);
	return ret;
}

static int verify(struct check *check, const struct gikev2_id *peer,
		  int64_t now, struct gikev2_key **key)
{
	int ret;

	check->ctx = X509_STORE_CTX_new();
	if (!check->ctx || !prepare(check, now))
		return -GIKEV2_ERR_NO_MEMORY;
	if (X509_verify_cert(check->ctx) != 1)
		return explain(check);
	ret = check_leaf(check, peer);
	if (ret == 0)
		ret = take_key(check, key);
	return ret;
}

/* ----------------------------------------------------------------- in, out */

/* What the peer sent, then our intermediates; references are the stack's. */
static int gather(struct check *check, const struct gikev2_chunk *certs,
		  size_t count)
{
	STACK_OF(X509) *own = check->anchors->certs[GIKEV2_TRUST_INTERMEDIATE];

	check->sent = sk_X509_new_null();
	if (!check->sent)
		return -GIKEV2_ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		X509 *x509 = gikev2_x509_parse(certs[i]);

		if (!x509) {
			snprintf(
				check->problem, check->size,
				"certificate %zu of the %zu that the peer sent is malformed",
				i + 1, count);
			return -GIKEV2_ERR_CERT_MALFORMED;
		}
		if (sk_X509_push(check->sent, x509) <= 0) {
			X509_free(x509);
			return -GIKEV2_ERR_NO_MEMORY;
		}
	}
	check->leaf = sk_X509_value(check->sent, 0);
	for (int i = 0; i < sk_X509_num(own); i++) {
		if (sk_X509_push(check->sent, sk_X509_value(own, i)) <= 0)
			return -GIKEV2_ERR_NO_MEMORY;
		X509_up_ref(sk_X509_value(own, i));
	}
	return 0;
}

int gikev2_cert_verify(const struct gikev2_anchors *anchors,
		       const struct gikev2_chunk *certs, size_t count,
		       const struct gikev2_id *peer, int64_t now,
		       struct gikev2_key **key, char *problem, size_t size)
{
	struct check check = { .anchors = anchors,
			       .problem = problem,
			       .size = size };
	int ret;

	*key = NULL;
	snprintf(problem, size, "%s", "");
	if (count == 0 || count > GIKEV2_CERTS_MAX) {
		snprintf(problem, size,
			 "peer sent %zu certificates, 1 to %d are accepted",
			 count, GIKEV2_CERTS_MAX);
		return count ? -GIKEV2_ERR_CERT_CHAIN
			     : -GIKEV2_ERR_CERT_MISSING;
	}
	ret = gather(&check, certs, count);
	if (ret == 0)
		ret = verify(&check, peer, now, key);
	if (ret < 0 && !*problem)
		snprintf(problem, size,
			 "peer's certificates cannot be verified: %s",
			 gikev2_err_text(ret));
	X509_STORE_CTX_free(check.ctx);
	sk_X509_pop_free(check.sent, X509_free);
	ERR_clear_error();
	return ret;
}
