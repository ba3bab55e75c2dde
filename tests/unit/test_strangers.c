// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_strangers.c: who gets what of two sockets of one port, on loopback.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mrkmd/mrkm_strangers.h"
#include "test_util.h"

enum {
	STRANGERS,
	MEMBERS,
	SENDER,
	SOCKETS
};

struct scene {
	int fd[SOCKETS];
};

/* IKE headers, as far as they matter: both SPIs, and what follows. */
#define SPI_I "0102030405060708"
#define REST "21202208 00000000 0000001c"
#define FIRST SPI_I "0000000000000000" REST
#define LATER SPI_I "0000000100000000" REST
#define LATER_TOO SPI_I "0000000000000001" REST
#define MARKER "00000000"

static int open_socket(struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
	    bind(fd, sa, len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* False: there is no such address family here. */
static bool begin(struct scene *s, int family, bool natt)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&sin
						: (struct sockaddr *)&sin6;
	socklen_t len = family == AF_INET ? sizeof(sin) : sizeof(sin6);

	s->fd[STRANGERS] = open_socket(sa, len);
	if (s->fd[STRANGERS] < 0)
		return false;
	assert_int_equal(getsockname(s->fd[STRANGERS], sa, &len), 0);
	assert_int_equal(mrkm_strangers_apart(s->fd[STRANGERS], natt), 0);
	s->fd[MEMBERS] = open_socket(sa, len);
	assert_true(s->fd[MEMBERS] >= 0);
	s->fd[SENDER] = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(s->fd[SENDER], sa, len), 0);
	return true;
}

static void end(struct scene *s)
{
	for (int i = 0; i < SOCKETS; i++)
		close(s->fd[i]);
}

/* Sends it, and says who got it; on loopback it is there at once. */
static int taker(struct scene *s, const char *hex)
{
	struct test_octets octets = test_hex(hex);
	struct pollfd polled[] = { { s->fd[STRANGERS], POLLIN, 0 },
				   { s->fd[MEMBERS], POLLIN, 0 } };
	uint8_t got[64];
	int who;

	assert_int_equal(send(s->fd[SENDER], octets.octets, octets.len, 0),
			 octets.len);
	assert_int_equal(poll(polled, 2, 1000), 1);
	who = polled[STRANGERS].revents ? STRANGERS : MEMBERS;
	assert_int_equal(recv(s->fd[who], got, sizeof(got), 0), octets.len);
	assert_memory_equal(got, octets.octets, octets.len);
	return who;
}

static void check(int family)
{
	struct scene s = { { -1, -1, -1 } };

	if (!begin(&s, family, false)) {
		print_message("skipped: %s\n", strerror(errno));
		skip();
	}
	/* from many ports, for a kernel that does not ask us goes by them */
	for (int i = 0; i < 16; i++) {
		assert_int_equal(taker(&s, FIRST), STRANGERS);
		assert_int_equal(taker(&s, LATER), MEMBERS);
		assert_int_equal(taker(&s, LATER_TOO), MEMBERS);
		assert_int_equal(taker(&s, SPI_I "000000000000"), STRANGERS);
		assert_int_equal(taker(&s, "ff"), STRANGERS);
		end(&s);
		assert_true(begin(&s, family, false));
	}
	end(&s);
}

static void ipv4(void **state)
{
	check(AF_INET);
}

static void ipv6(void **state)
{
	check(AF_INET6);
}

static void nat_traversal(void **state)
{
	struct scene s = { { -1, -1, -1 } };

	assert_true(begin(&s, AF_INET, true));
	for (int i = 0; i < 16; i++) {
		assert_int_equal(taker(&s, MARKER FIRST), STRANGERS);
		assert_int_equal(taker(&s, MARKER LATER), MEMBERS);
		assert_int_equal(taker(&s, MARKER LATER_TOO), MEMBERS);
		/* ESP, and a keepalive */
		assert_int_equal(taker(&s, "00000001" LATER), STRANGERS);
		assert_int_equal(taker(&s, "ff"), STRANGERS);
		end(&s);
		assert_true(begin(&s, AF_INET, true));
	}
	end(&s);
}

/* A full queue is no matter of the other's. */
static void full(void **state)
{
	struct test_octets first = test_hex(FIRST);
	int size = 1; /* the kernel has its own least */
	struct scene s = { { -1, -1, -1 } };

	assert_true(begin(&s, AF_INET, false));
	assert_int_equal(setsockopt(s.fd[STRANGERS], SOL_SOCKET, SO_RCVBUF,
				    &size, sizeof(size)),
			 0);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(send(s.fd[SENDER], first.octets, first.len, 0),
				 first.len);
	for (int i = 0; i < 100; i++) {
		struct test_octets later = test_hex(LATER);
		uint8_t got[64];

		assert_int_equal(send(s.fd[SENDER], later.octets, later.len, 0),
				 later.len);
		assert_int_equal(recv(s.fd[MEMBERS], got, sizeof(got),
				      MSG_DONTWAIT),
				 later.len);
	}
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4),
		cmocka_unit_test(ipv6),
		cmocka_unit_test(nat_traversal),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests_name("strangers", tests, NULL, NULL);
}
