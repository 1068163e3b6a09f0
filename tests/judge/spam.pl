# One line for each mail named on the command line: its score and the rules that gave it. SpamAssassin is loaded once
# for all, asks no network, keeps nothing, and knows no rules but those that come with it.
use strict;
use warnings;
use Mail::SpamAssassin;

my ($home, @paths) = @ARGV;
my $judge = Mail::SpamAssassin->new({
    local_tests_only     => 1,
    dont_copy_prefs      => 1,
    userprefs_filename   => "$home/none.cf",
    userstate_dir        => $home,
    home_dir_for_helpers => $home,
    # rules of this machine's own, which others would not have
    post_config_text     => "use_bayes 0\nuse_auto_whitelist 0\n",
});
for my $path (@paths) {
    open my $file, '<:raw', $path or die "$path: $!\n";
    my $mail    = $judge->parse(do { local $/; <$file> });
    my $verdict = $judge->check($mail);
    my @scores  = map { "$_=" . $verdict->{conf}->{scores}->{$_} } split /,/, $verdict->get_names_of_tests_hit();
    printf "%s\t%.2f\t%s\n", $path, $verdict->get_score(), join(' ', @scores);
    $verdict->finish();
    $mail->finish();
}
