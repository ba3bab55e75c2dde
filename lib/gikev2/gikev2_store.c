// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys, certificates and CRLs by URI.
 *
 * Files are read here and given to OSSL_STORE in memory: so what was examined
 * is what is loaded, a FIFO does not hang the daemon, and size has a limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_store.h"

#define FILE_MAX (1 << 20)	/* octets of keys or certificates */
#define CRL_FILE_MAX (64 << 20) /* CRLs of public CAs are large */
#define OBJECTS_MAX 4096	/* looked at in one URI */
#define URI_TEXT_MAX 256

/* One URI being loaded. */
struct load {
	const char *uri;
	const char *path; /* NULL: not a file */
	const char *what; /* "private key", for people */
	int type;	  /* OSSL_STORE_INFO_... */
	bool secret;
	size_t file_max;
	gikev2_passphrase_fn passphrase;
	void *arg;
	/* takes one object; NULL is never given */
	int (*take)(struct load *load, const OSSL_STORE_INFO *info);
	void *into;
	size_t taken;
	bool asked; /* for a passphrase */
	char *problem;
	size_t size;
};

/* Without what follows a PIN: it must not get into a log. */
static const char *uri_text(const char *uri, char buf[URI_TEXT_MAX])
{
	const char *pin = strcasestr(uri, "pin-value=");

	if (pin)
		snprintf(buf, URI_TEXT_MAX, "%.*s...",
			 (int)(pin - uri) + (int)strlen("pin-value="), uri);
	else
		snprintf(buf, URI_TEXT_MAX, "%s", uri);
	return buf;
}

/* The line is "private key URI ...". */
__attribute__((format(printf, 3, 4))) static int
fail(const struct load *load, enum gikev2_err err, const char *format, ...)
{
	char uri[URI_TEXT_MAX];
	va_list ap;
	int len;

	len = snprintf(load->problem, load->size, "%s %s ", load->what,
		       uri_text(load->uri ? load->uri : "(none)", uri));
	if (len >= 0 && (size_t)len < load->size) {
		va_start(ap, format);
		vsnprintf(load->problem + len, load->size - len, format, ap);
		va_end(ap);
	}
	return -(int)err;
}

/* ------------------------------------------------------------------- files */

/* NULL: the URI is for a provider. */
static const char *uri_path(const char *uri)
{
	static const char *const prefixes[] = { "file://localhost/", "file:///",
						"file:" };
	size_t scheme = strcspn(uri, ":/");

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t len = strlen(prefixes[i]);

		if (strncasecmp(uri, prefixes[i], len) == 0)
			return uri + len - (prefixes[i][len - 1] == '/');
	}
	return uri[scheme] == ':' ? NULL : uri;
}

static int file_open(const struct load *load, int *fd)
{
	/* O_NONBLOCK: opening a FIFO must not hang the daemon. */
	*fd = open(load->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd >= 0)
		return 0;
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			    "is missing: put the file there, or name another");
	case EACCES:
		return fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"cannot be read by the daemon: make its user own the file and let it enter the folders above");
	default:
		return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			    "cannot be opened: %s", strerror(errno));
	}
}

static int file_examine(const struct load *load, int fd, size_t *len)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			    "cannot be examined: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			    "is not a regular file: name a file");
	if (load->secret && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is open to others (mode %04o): run chmod 600 on it",
			(unsigned int)(st.st_mode & 07777));
	if (st.st_size == 0)
		return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			    "is empty: put the %s into it", load->what);
	if ((uint64_t)st.st_size > load->file_max)
		return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			    "is too long: at most %zu octets are read",
			    load->file_max);
	*len = (size_t)st.st_size;
	return 0;
}

/* Up to *len octets; a file that is being cut short gives fewer. */
static int file_fill(const struct load *load, int fd, uint8_t *octets,
		     size_t *len)
{
	size_t got = 0;

	while (got < *len) {
		ssize_t n = read(fd, octets + got, *len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(load, GIKEV2_ERR_NO_CREDENTIAL,
				    "cannot be read: %s", strerror(errno));
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*len = got;
	return 0;
}

/* *octets is to be wiped and freed. */
static int file_read(const struct load *load, uint8_t **octets, size_t *len)
{
	int fd, ret;

	*octets = NULL;
	ret = file_open(load, &fd);
	if (ret < 0)
		return ret;
	ret = file_examine(load, fd, len);
	if (ret == 0) {
		*octets = malloc(*len ? *len : 1);
		ret = *octets ? file_fill(load, fd, *octets, len)
			      : -GIKEV2_ERR_NO_MEMORY;
	}
	close(fd);
	return ret;
}

/* ------------------------------------------------------------------ OSSL_STORE */

static int refuse_to_open(UI *ui)
{
	return 0;
}

/* Some providers ask on the terminal when they are given no PIN here, and again
 * when a key is used. */
static void silence_terminal(void)
{
	static UI_METHOD *nobody;

	if (nobody)
		return;
	nobody = UI_create_method("nobody");
	if (nobody) {
		UI_method_set_opener(nobody, refuse_to_open);
		UI_set_default_method(nobody);
	}
}

static int give_passphrase(char *buf, int size, int rwflag, void *arg)
{
	struct load *load = arg;

	load->asked = true;
	if (!load->passphrase)
		return -1;
	return load->passphrase(load->arg, load->uri, buf, (size_t)size);
}

static int explain_provider(const struct load *load, const char *reason)
{
	if (load->asked && !load->passphrase)
		return fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"needs a PIN, and nobody can be asked for it: let the URI name a pin-source that the daemon's user alone can read");
	if (load->asked)
		return fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is not there, or the PIN given is wrong: check both");
	return fail(
		load, GIKEV2_ERR_NO_CREDENTIAL,
		"cannot be loaded (%s): check the URI and its PIN, and that openssl.cnf activates a provider for it",
		reason);
}

static int explain(const struct load *load)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (!reason)
		reason = "no reason given";
	if (!load->path)
		return explain_provider(load, reason);
	if (load->asked && !load->passphrase)
		return fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is encrypted, and nobody can be asked for the passphrase: store it without one (openssl pkey -in OLD -out NEW) for the daemon's user alone, or in a token");
	if (load->asked)
		return fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"cannot be opened with the passphrase given: correct that");
	return fail(
		load, GIKEV2_ERR_NO_CREDENTIAL,
		"cannot be understood (%s): a file in PEM, DER or PKCS#12 is needed",
		reason);
}

/* What follows the last object of a file, be it an empty line, makes OpenSSL
 * fail too, but with no reason given. */
static bool load_failed(const struct load *load, OSSL_STORE_CTX *store)
{
	if (load->asked)
		return true;
	return OSSL_STORE_error(store) && (!load->path || ERR_peek_error());
}

static int take_next(struct load *load, OSSL_STORE_CTX *store)
{
	OSSL_STORE_INFO *info;
	int ret = 0;

	ERR_clear_error();
	load->asked = false;
	info = OSSL_STORE_load(store);
	if (!info)
		return load_failed(load, store) ? explain(load) : 0;
	if (OSSL_STORE_INFO_get_type(info) == load->type) {
		ret = load->take(load, info);
		load->taken++;
	}
	OSSL_STORE_INFO_free(info);
	return ret;
}

static int take_all(struct load *load, OSSL_STORE_CTX *store)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && !OSSL_STORE_eof(store); i++) {
		if (i == OBJECTS_MAX)
			return fail(load, GIKEV2_ERR_LIMIT,
				    "has more than %d objects: name fewer",
				    OBJECTS_MAX);
		ret = take_next(load, store);
	}
	if (ret == 0 && load->taken == 0)
		ret = fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			   "is none: name what leads to a %s", load->what);
	return ret;
}

/* OpenSSL calls what it was told not to expect in a file an error, hence that
 * is for providers only, which may then leave what is private alone. */
static OSSL_STORE_CTX *store_open(struct load *load, UI_METHOD *ui, BIO *bio)
{
	OSSL_STORE_CTX *store;

	if (load->path)
		return OSSL_STORE_attach(bio, "file", NULL, NULL, ui, load,
					 NULL, NULL, NULL);
	store = OSSL_STORE_open_ex(load->uri, NULL, NULL, ui, load, NULL, NULL,
				   NULL);
	if (store)
		OSSL_STORE_expect(store, load->type);
	return store;
}

static int store_load(struct load *load, UI_METHOD *ui)
{
	OSSL_STORE_CTX *store = NULL;
	uint8_t *octets = NULL;
	BIO *bio = NULL;
	size_t len = 0;
	int ret = 0;

	if (load->path)
		ret = file_read(load, &octets, &len);
	if (octets)
		bio = BIO_new_mem_buf(octets, (int)len);
	if (ret == 0) {
		store = store_open(load, ui, bio);
		ret = store ? take_all(load, store) : explain(load);
	}
	OSSL_STORE_close(store);
	BIO_free(bio);
	if (octets)
		OPENSSL_cleanse(octets, len);
	free(octets);
	return ret;
}

static int run(struct load *load)
{
	UI_METHOD *ui;
	int ret;

	snprintf(load->problem, load->size, "%s", "");
	load->path = uri_path(load->uri);
	silence_terminal();
	ERR_clear_error();
	ui = UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);
	ret = ui ? store_load(load, ui) : -GIKEV2_ERR_NO_MEMORY;
	if (ret < 0 && !*load->problem)
		fail(load, -ret, "cannot be loaded: %s", gikev2_err_text(ret));
	UI_destroy_method(ui);
	ERR_clear_error();
	return ret;
}

/* -------------------------------------------------------------------- keys */

static int take_key(struct load *load, const OSSL_STORE_INFO *info)
{
	struct gikev2_key **key = load->into;
	EVP_PKEY *pkey = load->secret ? OSSL_STORE_INFO_get0_PKEY(info)
				      : OSSL_STORE_INFO_get0_PUBKEY(info);
	struct gikev2_key *first = *key;
	int ret = gikev2_key_new(pkey, load->secret, key);

	/* tokens may list one key twice */
	if (ret == 0 && first && !gikev2_key_equal(first, *key))
		ret = fail(load, GIKEV2_ERR_NO_CREDENTIAL,
			   "is more than one: the URI must name one alone");
	else if (ret == -GIKEV2_ERR_KEY_REFUSED)
		fail(load, -ret,
		     "is not accepted: Ed25519, ECDSA on P-256 or P-384, RSA of %d to %d bits are",
		     GIKEV2_RSA_BITS_MIN, GIKEV2_RSA_BITS_MAX);
	gikev2_key_free(first);
	return ret;
}

static int load_key(struct load *load, struct gikev2_key **key)
{
	int ret;

	*key = NULL;
	load->take = take_key;
	load->into = key;
	load->file_max = FILE_MAX;
	ret = run(load);
	if (ret < 0) {
		gikev2_key_free(*key);
		*key = NULL;
	}
	return ret;
}

int gikev2_store_private_key(const char *uri, gikev2_passphrase_fn passphrase,
			     void *arg, struct gikev2_key **key, char *problem,
			     size_t size)
{
	struct load load = {
		.uri = uri,
		.what = "private key",
		.type = OSSL_STORE_INFO_PKEY,
		.secret = true,
		.passphrase = passphrase,
		.arg = arg,
		.problem = problem,
		.size = size,
	};

	return load_key(&load, key);
}

int gikev2_store_public_key(const char *uri, struct gikev2_key **key,
			    char *problem, size_t size)
{
	struct load load = {
		.uri = uri,
		.what = "public key",
		.type = OSSL_STORE_INFO_PUBKEY,
		.problem = problem,
		.size = size,
	};

	return load_key(&load, key);
}

/* ------------------------------------------------------ certificates, CRLs */

struct cert_list {
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX]; /* of OpenSSL's memory */
	size_t count;
};

static int take_cert(struct load *load, const OSSL_STORE_INFO *info)
{
	struct cert_list *list = load->into;
	uint8_t *der = NULL;
	int len;

	if (list->count == GIKEV2_CERTS_MAX)
		return fail(
			load, GIKEV2_ERR_LIMIT,
			"is a chain of more than %d certificates: leave out what peers have",
			GIKEV2_CERTS_MAX);
	len = i2d_X509(OSSL_STORE_INFO_get0_CERT(info), &der);
	if (len < 0)
		return fail(load, GIKEV2_ERR_CERT_MALFORMED, "is malformed");
	list->certs[list->count++] = (struct gikev2_chunk){ der, (size_t)len };
	return 0;
}

/* The key is loaded; now what goes with it. */
static int add_certs(struct load *load, const struct gikev2_key *key,
		     struct gikev2_credential **credential)
{
	struct cert_list *list = load->into;
	char why[GIKEV2_PROBLEM_MAX];
	int ret = 0;

	if (load->uri)
		ret = run(load);
	if (ret < 0)
		return ret;
	ret = gikev2_credential_new(key, list->certs, list->count, credential,
				    why, sizeof(why));
	if (ret < 0)
		fail(load, -ret, "does not go with the private key: %s", why);
	return ret;
}

int gikev2_store_credential(const char *key_uri, const char *cert_uri,
			    gikev2_passphrase_fn passphrase, void *arg,
			    struct gikev2_credential **credential,
			    char *problem, size_t size)
{
	struct cert_list list = { .count = 0 };
	struct load load = {
		.uri = cert_uri,
		.what = "certificate",
		.type = OSSL_STORE_INFO_CERT,
		.file_max = FILE_MAX,
		.take = take_cert,
		.into = &list,
		.passphrase = passphrase,
		.arg = arg,
		.problem = problem,
		.size = size,
	};
	struct gikev2_key *key;
	int ret;

	*credential = NULL;
	ret = gikev2_store_private_key(key_uri, passphrase, arg, &key, problem,
				       size);
	if (ret == 0)
		ret = add_certs(&load, key, credential);
	gikev2_key_free(key);
	for (size_t i = 0; i < list.count; i++)
		OPENSSL_free((void *)list.certs[i].ptr);
	return ret;
}

struct trust {
	struct gikev2_anchors *anchors;
	enum gikev2_trust kind;
};

static int take_trust(struct load *load, const OSSL_STORE_INFO *info)
{
	const struct trust *trust = load->into;
	uint8_t *der = NULL;
	int len = load->type == OSSL_STORE_INFO_CRL
			  ? i2d_X509_CRL(OSSL_STORE_INFO_get0_CRL(info), &der)
			  : i2d_X509(OSSL_STORE_INFO_get0_CERT(info), &der);
	int ret = -GIKEV2_ERR_CERT_MALFORMED;

	if (len > 0)
		ret = gikev2_anchors_add(trust->anchors, trust->kind,
					 (struct gikev2_chunk){ der,
								(size_t)len });
	OPENSSL_free(der);
	if (ret == -GIKEV2_ERR_LIMIT)
		return fail(load, GIKEV2_ERR_LIMIT,
			    "is one too many: at most %d of a kind are taken",
			    GIKEV2_ANCHORS_MAX);
	if (ret < 0)
		return fail(load, -ret, "cannot be used: %s",
			    gikev2_err_text(ret));
	return 0;
}

int gikev2_store_trust(const char *uri, enum gikev2_trust kind,
		       struct gikev2_anchors *anchors, char *problem,
		       size_t size)
{
	static const char *const names[GIKEV2_TRUST_KINDS] = {
		[GIKEV2_TRUST_ANCHOR] = "trust anchor",
		[GIKEV2_TRUST_INTERMEDIATE] = "CA certificate",
		[GIKEV2_TRUST_CRL] = "CRL",
	};
	struct trust trust = { anchors, kind };
	bool crl = kind == GIKEV2_TRUST_CRL;
	struct load load = {
		.uri = uri,
		.what = names[kind],
		.type = crl ? OSSL_STORE_INFO_CRL : OSSL_STORE_INFO_CERT,
		.file_max = crl ? CRL_FILE_MAX : FILE_MAX,
		.take = take_trust,
		.into = &trust,
		.problem = problem,
		.size = size,
	};

	return run(&load);
}

/* ------------------------------------------------------------------ changes */

bool gikev2_store_changed(const char *uri, struct gikev2_store_stamp *stamp)
{
	struct gikev2_store_stamp now = { 0 };
	const char *path = uri_path(uri);
	struct stat st;
	bool changed;

	if (!path)
		return false;
	if (stat(path, &st) == 0)
		now = (struct gikev2_store_stamp){
			.device = st.st_dev,
			.inode = st.st_ino,
			.size = (uint64_t)st.st_size,
			.seconds = st.st_mtim.tv_sec,
			.nanoseconds = st.st_mtim.tv_nsec,
		};
	changed = now.device != stamp->device || now.inode != stamp->inode ||
		  now.size != stamp->size || now.seconds != stamp->seconds ||
		  now.nanoseconds != stamp->nanoseconds;
	*stamp = now;
	return changed;
}
