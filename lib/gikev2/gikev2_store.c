// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files, and what OpenSSL makes of URIs.
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
#include <openssl/store.h>
#include <openssl/ui.h>

#include "gikev2/gikev2_store_private.h"

#define OBJECTS_MAX 4096 /* looked at in one URI */
#define URI_TEXT_MAX 256
#define PIN_SOURCE "pin-source="
#define PIN_PATH_MAX 512
#define PIN_FILE_MAX 1024 /* octets */

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
int gikev2_load_fail(const struct gikev2_load *load, enum gikev2_err err,
		     const char *format, ...)
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

static int file_open(const struct gikev2_load *load, int *fd)
{
	/* O_NONBLOCK: opening a FIFO must not hang the daemon. */
	*fd = open(load->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd >= 0)
		return 0;
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is missing: put the file there, or name another");
	case EACCES:
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"cannot be read by the daemon: make its user own the file and let it enter the folders above");
	default:
		return gikev2_load_fail(load, GIKEV2_ERR_NO_CREDENTIAL,
					"cannot be opened: %s",
					strerror(errno));
	}
}

static int file_examine(const struct gikev2_load *load, int fd, size_t *len)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return gikev2_load_fail(load, GIKEV2_ERR_NO_CREDENTIAL,
					"cannot be examined: %s",
					strerror(errno));
	if (!S_ISREG(st.st_mode))
		return gikev2_load_fail(load, GIKEV2_ERR_NO_CREDENTIAL,
					"is not a regular file: name a file");
	if (load->secret && (st.st_mode & (S_IRWXG | S_IRWXO)))
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is open to others (mode %04o): run chmod 600 on it",
			(unsigned int)(st.st_mode & 07777));
	if (st.st_size == 0)
		return gikev2_load_fail(load, GIKEV2_ERR_NO_CREDENTIAL,
					"is empty: put the %s into it",
					load->what);
	if ((uint64_t)st.st_size > load->file_max)
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is too long: at most %zu octets are read",
			load->file_max);
	*len = (size_t)st.st_size;
	return 0;
}

/* Up to *len octets; a file that is being cut short gives fewer. */
static int file_fill(const struct gikev2_load *load, int fd, uint8_t *octets,
		     size_t *len)
{
	size_t got = 0;

	while (got < *len) {
		ssize_t n = read(fd, octets + got, *len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return gikev2_load_fail(load, GIKEV2_ERR_NO_CREDENTIAL,
						"cannot be read: %s",
						strerror(errno));
		if (n == 0)
			break;
		got += (size_t)n;
	}
	*len = got;
	return 0;
}

/* *octets is to be wiped and freed. */
static int file_read(const struct gikev2_load *load, uint8_t **octets,
		     size_t *len)
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
	struct gikev2_load *load = arg;

	load->asked = true;
	if (!load->passphrase)
		return -1;
	return load->passphrase(load->arg, load->uri, buf, (size_t)size);
}

/* OpenSSL calls what it was told not to expect in a file an error, hence that
 * is for providers only, which may then leave what is private alone. */
static OSSL_STORE_CTX *store_open(struct gikev2_load *load, UI_METHOD *ui,
				  BIO *bio)
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

/* ------------------------------------------------------- what went wrong */

/* Where pin-source is in a URI (RFC 7512 section 2.4), with the sign before it,
 * and how long; NULL: nowhere. */
static const char *pin_source(const char *uri, size_t *len)
{
	const char *at = strcasestr(uri, PIN_SOURCE);

	if (!at || at == uri)
		return NULL;
	*len = 1 + strcspn(at, ";&?");
	return at - 1;
}

/* What a provider says of a PIN that it cannot read helps nobody.  Other than
 * files in plain words are left to it. */
static int check_pin_file(const struct gikev2_load *load)
{
	char source[PIN_PATH_MAX];
	struct gikev2_load pin = {
		.uri = source,
		.what = "PIN",
		.secret = true,
		.file_max = PIN_FILE_MAX,
		.problem = load->problem,
		.size = load->size,
	};
	size_t len = 0, head = 1 + strlen(PIN_SOURCE);
	const char *at = pin_source(load->uri, &len);
	int fd, ret;

	if (!at || len - head >= sizeof(source))
		return 0;
	snprintf(source, sizeof(source), "%.*s", (int)(len - head), at + head);
	pin.path = uri_path(source);
	if (!pin.path || source[0] == '|' || strchr(source, '%'))
		return 0;
	ret = file_open(&pin, &fd);
	if (ret < 0)
		return ret;
	ret = file_examine(&pin, fd, &len);
	close(fd);
	return ret;
}

/*
 * Providers say the same of a wrong PIN and of what is not there.  But the one
 * for PKCS#11 uses no PIN again that was refused, and asks for another; and with
 * the right PIN the token is open by now.  So without the PIN of the URI it asks
 * if that was wrong, and costs the token no attempt.
 */
static bool pin_refused(const struct gikev2_load *load)
{
	struct gikev2_load without = *load;
	char *uri = strdup(load->uri);
	size_t len = 0;
	const char *at = uri ? pin_source(uri, &len) : NULL;
	OSSL_STORE_CTX *store = NULL;
	OSSL_STORE_INFO *info = NULL;
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);

	if (at)
		memmove(uri + (at - uri), at + len, strlen(at + len) + 1);
	without.uri = uri;
	without.asked = false;
	if (uri && ui)
		store = store_open(&without, ui, NULL);
	if (store)
		info = OSSL_STORE_load(store);
	without.asked |= info != NULL;
	OSSL_STORE_INFO_free(info);
	OSSL_STORE_close(store);
	UI_destroy_method(ui);
	free(uri);
	return without.asked;
}

static int explain_pin(const struct gikev2_load *load)
{
	size_t len;

	if (pin_source(load->uri, &len))
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"cannot be loaded, for the token refuses the PIN: put the right one where pin-source says, before the token locks itself");
	return gikev2_load_fail(
		load, GIKEV2_ERR_NO_CREDENTIAL,
		"%sneeds a PIN, and nobody can be asked for it: let the URI name a pin-source that the daemon's user alone can read, or, if openssl.cnf names one, put the right PIN there and restart the daemon",
		load->secret ? "" : "is not there, or ");
}

static int explain_provider(const struct gikev2_load *load, bool opened)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(error);

	if (!opened && ERR_GET_LIB(error) == ERR_LIB_OSSL_STORE)
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is for a provider that OpenSSL does not have: install one that knows such URIs, let openssl.cnf activate it, and restart the daemon");
	if (!opened)
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"cannot be loaded, its provider does not work (%s): check what openssl.cnf says of that and whether the daemon's user can read it, and restart the daemon",
			reason ? reason : "no reason given");
	if (load->asked && load->passphrase)
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is not there, or the PIN given is wrong: check both");
	if (load->asked || pin_refused(load))
		return explain_pin(load);
	return gikev2_load_fail(
		load, GIKEV2_ERR_NO_CREDENTIAL,
		"is not there%s%s: check the names in the URI, and whether the daemon's user can use the token; if the token came later than the daemon, restart that",
		reason ? ", its provider says: " : "", reason ? reason : "");
}

static int explain(const struct gikev2_load *load, bool opened)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (!load->path)
		return explain_provider(load, opened);
	if (!reason)
		reason = "no reason given";
	if (load->asked && !load->passphrase)
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"is encrypted, and nobody can be asked for the passphrase: store it without one (openssl pkey -in OLD -out NEW) for the daemon's user alone, or in a token");
	if (load->asked)
		return gikev2_load_fail(
			load, GIKEV2_ERR_NO_CREDENTIAL,
			"cannot be opened with the passphrase given: correct that");
	return gikev2_load_fail(
		load, GIKEV2_ERR_NO_CREDENTIAL,
		"cannot be understood (%s): a file in PEM, DER or PKCS#12 is needed",
		reason);
}

/* ---------------------------------------------------------------- loading */

/* What follows the last object of a file, be it an empty line, makes OpenSSL
 * fail too, but with no reason given. */
static bool load_failed(const struct gikev2_load *load, OSSL_STORE_CTX *store)
{
	if (load->asked)
		return true;
	return OSSL_STORE_error(store) && (!load->path || ERR_peek_error());
}

static int take_next(struct gikev2_load *load, OSSL_STORE_CTX *store)
{
	OSSL_STORE_INFO *info;
	int ret = 0;

	ERR_clear_error();
	load->asked = false;
	info = OSSL_STORE_load(store);
	if (!info)
		return load_failed(load, store) ? explain(load, true) : 0;
	if (OSSL_STORE_INFO_get_type(info) == load->type) {
		ret = load->take(load, info);
		load->taken++;
	}
	OSSL_STORE_INFO_free(info);
	return ret;
}

static int take_all(struct gikev2_load *load, OSSL_STORE_CTX *store)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && !OSSL_STORE_eof(store); i++) {
		if (i == OBJECTS_MAX)
			return gikev2_load_fail(
				load, GIKEV2_ERR_LIMIT,
				"has more than %d objects: name fewer",
				OBJECTS_MAX);
		ret = take_next(load, store);
	}
	if (ret == 0 && load->taken == 0)
		ret = gikev2_load_fail(load, GIKEV2_ERR_NO_CREDENTIAL,
				       "is none: name what leads to a %s",
				       load->what);
	return ret;
}

static int store_load(struct gikev2_load *load, UI_METHOD *ui)
{
	OSSL_STORE_CTX *store = NULL;
	uint8_t *octets = NULL;
	BIO *bio = NULL;
	size_t len = 0;
	int ret;

	ret = load->path ? file_read(load, &octets, &len)
			 : check_pin_file(load);
	if (octets)
		bio = BIO_new_mem_buf(octets, (int)len);
	if (ret == 0) {
		store = store_open(load, ui, bio);
		ret = store ? take_all(load, store) : explain(load, false);
	}
	OSSL_STORE_close(store);
	BIO_free(bio);
	if (octets)
		OPENSSL_cleanse(octets, len);
	free(octets);
	return ret;
}

int gikev2_load(struct gikev2_load *load)
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
		gikev2_load_fail(load, -ret, "cannot be loaded: %s",
				 gikev2_err_text(ret));
	UI_destroy_method(ui);
	ERR_clear_error();
	return ret;
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
