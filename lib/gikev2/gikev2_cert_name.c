// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a certificate says of its holder: names against identities
 * (RFC 7296 section 3.5, RFC 5280 sections 4.2.1.6 and 7), and texts for people.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "gikev2/gikev2_cert_private.h"

/* -------------------------------------------------------------- identities */

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* ASCII only: what letters are elsewhere is a matter of locale. */
static bool equal_any_case(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/* Of letters, digits, - . _ and not empty: so neither a NUL nor a wildcard. */
static bool is_host_name(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isascii(name[i]) ||
		    !(isalnum(name[i]) || strchr("-._", name[i])) || !name[i])
			return false;
	return len > 0;
}

static bool fqdn_equal(const struct gikev2_id *id, const ASN1_STRING *name)
{
	return is_host_name(id->data, id->len) &&
	       ASN1_STRING_length(name) == id->len &&
	       equal_any_case(id->data, ASN1_STRING_get0_data(name), id->len);
}

/* The part before the last @ is compared to the octet (RFC 5280 section 7.5),
 * and is printable, since it will be printed. */
static bool email_equal(const struct gikev2_id *id, const ASN1_STRING *name)
{
	const uint8_t *octets = ASN1_STRING_get0_data(name);
	const uint8_t *at = memrchr(id->data, '@', id->len);
	size_t local, host;

	if (!at || ASN1_STRING_length(name) != id->len)
		return false;
	local = (size_t)(at - id->data);
	host = id->len - local - 1;
	for (size_t i = 0; i < local; i++)
		if (!isascii(id->data[i]) || !isgraph(id->data[i]))
			return false;
	return local > 0 && is_host_name(at + 1, host) &&
	       memcmp(id->data, octets, local + 1) == 0 &&
	       equal_any_case(at + 1, octets + local + 1, host);
}

static bool address_equal(const struct gikev2_id *id, const ASN1_STRING *name)
{
	size_t len = id->type == GIKEV2_ID_IPV4_ADDR ? 4 : 16;

	return id->len == len && (size_t)ASN1_STRING_length(name) == len &&
	       memcmp(id->data, ASN1_STRING_get0_data(name), len) == 0;
}

/* Identities that live in subjectAltName. */
static const struct {
	uint8_t id;
	int general_name;
	bool (*equal)(const struct gikev2_id *id, const ASN1_STRING *name);
} kinds[] = {
	{ GIKEV2_ID_IPV4_ADDR, GEN_IPADD, address_equal },
	{ GIKEV2_ID_IPV6_ADDR, GEN_IPADD, address_equal },
	{ GIKEV2_ID_FQDN, GEN_DNS, fqdn_equal },
	{ GIKEV2_ID_RFC822_ADDR, GEN_EMAIL, email_equal },
};

static bool alternative_name_equal(const GENERAL_NAME *name,
				   const struct gikev2_id *id)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].id == id->type && kinds[i].general_name == type)
			return kinds[i].equal(id, value);
	return false;
}

static X509_NAME *parse_name(const struct gikev2_id *id)
{
	const uint8_t *end = id->data;
	X509_NAME *name = d2i_X509_NAME(NULL, &end, id->len);

	if (name && end != id->data + id->len) {
		X509_NAME_free(name);
		name = NULL;
	}
	return name;
}

/* An empty name would be that of every certificate without a subject. */
static bool subject_equal(const X509 *x509, const struct gikev2_id *id)
{
	X509_NAME *name = parse_name(id);
	bool equal = name && X509_NAME_entry_count(name) > 0 &&
		     X509_NAME_cmp(name, X509_get_subject_name(x509)) == 0;

	X509_NAME_free(name);
	return equal;
}

int gikev2_x509_names(const X509 *x509, const struct gikev2_id *id)
{
	GENERAL_NAMES *names;
	bool found = false;

	if (id->type == GIKEV2_ID_DER_ASN1_DN) {
		found = subject_equal(x509, id);
	} else {
		names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL,
					 NULL);
		for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++)
			found = alternative_name_equal(
				sk_GENERAL_NAME_value(names, i), id);
		GENERAL_NAMES_free(names);
	}
	ERR_clear_error();
	return found ? 0 : -GIKEV2_ERR_CERT_NAME;
}

int gikev2_cert_names(struct gikev2_chunk der, const struct gikev2_id *id)
{
	X509 *x509 = gikev2_x509_parse(der);
	int ret;

	if (!x509)
		return -GIKEV2_ERR_CERT_MALFORMED;
	ret = gikev2_x509_names(x509, id);
	X509_free(x509);
	return ret;
}

/* ------------------------------------------------------------------- texts */

/* Copies what fits; the name printer escapes, but on its word alone nothing
 * gets into a log. */
static void copy_printable(const char *from, size_t len, char *buf, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < size; i++)
		buf[used++] = isascii(from[i]) && isprint(from[i]) ? from[i]
								   : '?';
	if (used < len && used >= 3)
		memcpy(buf + used - 3, "...", 3);
	buf[used] = '\0';
}

const char *gikev2_x509_name_text(const X509_NAME *name, char *buf, size_t size)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	snprintf(buf, size, "(empty)");
	if (bio && X509_NAME_entry_count(name) > 0 &&
	    X509_NAME_print_ex(bio, name, 0,
			       ASN1_STRFLGS_RFC2253 | XN_FLAG_SEP_COMMA_PLUS |
				       XN_FLAG_FN_SN) >= 0)
		len = BIO_get_mem_data(bio, &text);
	if (len > 0)
		copy_printable(text, (size_t)len, buf, size);
	BIO_free(bio);
	ERR_clear_error();
	return buf;
}

bool gikev2_dn_text(const struct gikev2_id *id, char *buf, size_t size)
{
	X509_NAME *name = parse_name(id);

	if (name)
		gikev2_x509_name_text(name, buf, size);
	X509_NAME_free(name);
	ERR_clear_error();
	return name != NULL;
}

bool gikev2_asn1_time(const ASN1_TIME *time, int64_t *seconds)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, rest;
	bool ok = epoch && ASN1_TIME_diff(&days, &rest, epoch, time) == 1;

	if (ok)
		*seconds = (int64_t)days * 86400 + rest;
	ASN1_TIME_free(epoch);
	ERR_clear_error();
	return ok;
}

int gikev2_cert_get_info(struct gikev2_chunk der, struct gikev2_cert_info *info)
{
	X509 *x509 = gikev2_x509_parse(der);
	bool ok;

	memset(info, 0, sizeof(*info));
	if (!x509)
		return -GIKEV2_ERR_CERT_MALFORMED;
	gikev2_x509_name_text(X509_get_subject_name(x509), info->subject,
			      sizeof(info->subject));
	ok = gikev2_asn1_time(X509_get0_notBefore(x509), &info->from) &&
	     gikev2_asn1_time(X509_get0_notAfter(x509), &info->until);
	X509_free(x509);
	return ok ? 0 : -GIKEV2_ERR_CERT_MALFORMED;
}
