// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Distinguished names as text, and patterns of them.
 */
#include <ctype.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_cert_private.h"

#define PARTS_MAX 16

/* A value; where `any` is set, an asterisk that stands for any octets. */
struct value {
	uint8_t octets[GIKEV2_ID_MAX];
	bool any[GIKEV2_ID_MAX];
	size_t len;
};

/* -------------------------------------------------------------------- parsing */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\2C" or "\,": *text moves behind it.  Negative: neither. */
static int unescape(const char **text)
{
	int high = hex_digit((*text)[1]);
	int low = high < 0 ? -1 : hex_digit((*text)[2]);

	if (low >= 0) {
		*text += 3;
		return high << 4 | low;
	}
	/* half of an octet */
	if (!(*text)[1] || high >= 0)
		return -1;
	*text += 2;
	return (uint8_t)(*text)[-1];
}

/* Up to a comma or the end, where *text is then. */
static bool read_value(const char **text, struct value *value)
{
	value->len = 0;
	while (**text && **text != ',') {
		bool any = **text == '*';
		int octet = (uint8_t) * *text;

		/* of several names in one RDN nobody makes use here */
		if (octet == '+' || value->len == sizeof(value->octets))
			return false;
		if (octet == '\\')
			octet = unescape(text);
		else
			(*text)++;
		if (octet < 0)
			return false;
		value->any[value->len] = any;
		value->octets[value->len++] = (uint8_t)octet;
	}
	return value->len > 0;
}

/* "CN=": the attribute's NID; NID_undef: unknown. */
static int read_attribute(const char **text)
{
	size_t len = strcspn(*text, "=,+");
	char name[32];

	if ((*text)[len] != '=' || len >= sizeof(name))
		return NID_undef;
	memcpy(name, *text, len);
	name[len] = '\0';
	*text += len + 1;
	return OBJ_txt2nid(name);
}

/*
 * Goes through "O=Example,CN=r1", with `visit` for each part until it returns
 * false.  False: not so, or the text is none.
 */
static bool each_part(const char *text,
		      bool (*visit)(void *arg, size_t n, int nid,
				    const struct value *value),
		      void *arg)
{
	struct value value;

	for (size_t n = 0; n < PARTS_MAX; n++) {
		int nid = read_attribute(&text);

		if (nid == NID_undef || !read_value(&text, &value) ||
		    !visit(arg, n, nid, &value))
			return false;
		if (!*text)
			return true;
		text++;
	}
	return false;
}

static bool append(void *arg, size_t n, int nid, const struct value *value)
{
	for (size_t i = 0; i < value->len; i++)
		if (value->any[i])
			return false;
	return X509_NAME_add_entry_by_NID(arg, nid, MBSTRING_UTF8,
					  (uint8_t *)value->octets,
					  (int)value->len, (int)n, 0) == 1;
}

int gikev2_dn_parse(const char *text, struct gikev2_id *id)
{
	X509_NAME *name = X509_NAME_new();
	uint8_t *der = NULL;
	int len = -1;

	if (name && each_part(text, append, name))
		len = i2d_X509_NAME(name, &der);
	X509_NAME_free(name);
	ERR_clear_error();
	*id = (struct gikev2_id){ .type = GIKEV2_ID_DER_ASN1_DN };
	if (len > 0 && len <= GIKEV2_ID_MAX) {
		id->len = (uint8_t)len;
		memcpy(id->data, der, id->len);
	}
	OPENSSL_free(der);
	return id->len ? 0 : -GIKEV2_ERR_CERT_MALFORMED;
}

/* -------------------------------------------------------------------- folding */

/* What is a string of characters, and not of anything else. */
#define STRINGS                                                                \
	(B_ASN1_UTF8STRING | B_ASN1_BMPSTRING | B_ASN1_UNIVERSALSTRING |       \
	 B_ASN1_PRINTABLESTRING | B_ASN1_T61STRING | B_ASN1_IA5STRING |        \
	 B_ASN1_VISIBLESTRING)

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Small letters, and no space but single ones between words; the new length. */
static int fold_text(uint8_t *text, int len)
{
	int to = 0;

	for (int i = 0; i < len; i++) {
		bool space = is_space(text[i]);

		if (space && (!to || text[to - 1] == ' '))
			continue;
		if (space)
			text[to++] = ' ';
		else if (text[i] >= 'A' && text[i] <= 'Z')
			text[to++] = text[i] - 'A' + 'a';
		else
			text[to++] = text[i];
	}
	return to && text[to - 1] == ' ' ? to - 1 : to;
}

static bool fold_entry(const X509_NAME_ENTRY *entry, bool same_rdn,
		       X509_NAME *folded)
{
	const ASN1_STRING *data = X509_NAME_ENTRY_get_data(entry);
	int type = ASN1_STRING_type(data), len = ASN1_STRING_length(data);
	const uint8_t *octets = ASN1_STRING_get0_data(data);
	uint8_t *text = NULL;
	bool ok;

	if (ASN1_tag2bit(type) & STRINGS) {
		type = V_ASN1_UTF8STRING;
		len = ASN1_STRING_to_UTF8(&text, data);
		if (len < 0)
			return false;
		len = fold_text(text, len);
		octets = text;
	}
	ok = X509_NAME_add_entry_by_OBJ(folded,
					X509_NAME_ENTRY_get_object(entry), type,
					octets, len, -1,
					same_rdn ? -1 : 0) == 1;
	OPENSSL_free(text);
	return ok;
}

static X509_NAME *fold(const X509_NAME *name)
{
	X509_NAME *folded = X509_NAME_new();
	int last = -1;
	bool ok = folded;

	for (int i = 0; ok && i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		int set = X509_NAME_ENTRY_set(entry);

		ok = fold_entry(entry, i && set == last, folded);
		last = set;
	}
	if (ok)
		return folded;
	X509_NAME_free(folded);
	return NULL;
}

int gikev2_dn_fold(struct gikev2_id *id)
{
	const uint8_t *end = id->data;
	X509_NAME *name = d2i_X509_NAME(NULL, &end, id->len);
	X509_NAME *folded = NULL;
	uint8_t *der = NULL;
	int len = -1;

	if (name && end == id->data + id->len)
		folded = fold(name);
	if (folded)
		len = i2d_X509_NAME(folded, &der);
	if (len > 0 && len <= GIKEV2_ID_MAX) {
		id->len = (uint8_t)len;
		memcpy(id->data, der, id->len);
	}
	OPENSSL_free(der);
	X509_NAME_free(folded);
	X509_NAME_free(name);
	ERR_clear_error();
	return len > GIKEV2_ID_MAX ? -GIKEV2_ERR_LIMIT : 0;
}

/* ------------------------------------------------------------------- matching */

/* Letters of either case; each asterisk takes as little as it can. */
static bool glob(const struct value *pattern, const uint8_t *octets, size_t len)
{
	size_t p = 0, o = 0, star = SIZE_MAX, retry = 0;

	while (o < len) {
		if (p < pattern->len && pattern->any[p]) {
			star = p++;
			retry = o;
		} else if (p < pattern->len &&
			   tolower(pattern->octets[p]) == tolower(octets[o])) {
			p++;
			o++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			o = ++retry;
		} else {
			return false;
		}
	}
	while (p < pattern->len && pattern->any[p])
		p++;
	return p == pattern->len;
}

struct match {
	const X509_NAME *name;
	size_t parts;
};

static bool match_part(void *arg, size_t n, int nid, const struct value *value)
{
	struct match *match = arg;
	const X509_NAME_ENTRY *entry = X509_NAME_get_entry(match->name, (int)n);
	uint8_t *utf8 = NULL;
	bool same;
	int len;

	match->parts = n + 1;
	/* of several names in one RDN no pattern speaks */
	if (!entry || X509_NAME_ENTRY_set(entry) != (int)n ||
	    OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != nid)
		return false;
	len = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	same = len >= 0 && glob(value, utf8, (size_t)len);
	OPENSSL_free(utf8);
	return same;
}

bool gikev2_dn_match(const char *pattern, const struct gikev2_id *id)
{
	const uint8_t *end = id->data;
	struct match match = { 0 };
	X509_NAME *name;
	bool same;

	if (id->type != GIKEV2_ID_DER_ASN1_DN)
		return false;
	name = d2i_X509_NAME(NULL, &end, id->len);
	match.name = name;
	same = name && end == id->data + id->len &&
	       each_part(pattern, match_part, &match) &&
	       match.parts == (size_t)X509_NAME_entry_count(name);
	X509_NAME_free(name);
	ERR_clear_error();
	return same;
}

static bool count_literal(void *arg, size_t n, int nid,
			  const struct value *value)
{
	int *literal = arg;

	(void)n;
	(void)nid;
	for (size_t i = 0; i < value->len; i++)
		*literal += !value->any[i];
	return true;
}

int gikev2_dn_literal(const char *pattern)
{
	int literal = 0;

	return each_part(pattern, count_literal, &literal) ? literal : -1;
}
