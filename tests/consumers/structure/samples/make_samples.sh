#!/usr/bin/env bash
# How these samples were made, by ffmpeg 9: a second of a test picture and of two tones, in each container as it is
# written to a disk, and as it is written to a pipe ("streamed"), where sizes cannot be filled in afterwards.
# Run it only to change them: FFMPEG=… ./make_samples.sh
set -euo pipefail
cd "$(dirname "$0")"

encode() { # to a file: its name, and how it is encoded
  name=$1; shift
  "${FFMPEG:-ffmpeg}" -v error -y -f lavfi -i testsrc=s=64x48:r=10:d=1 -f lavfi -i sine=330:d=1:r=16000 \
    -map_metadata -1 -fflags +bitexact "$@" "$name"
}
stream() { # the same through a pipe
  name=$1; shift
  encode pipe:1 "$@" | cat > "$name"
}
h264="-c:v libx264 -crf 40 -pix_fmt yuv420p -g 4 -c:a aac -b:a 16k"
sound="-map 1:a"

encode plain.mp4 $h264
encode faststart.mp4 $h264 -movflags +faststart
encode fragments.mp4 $h264 -movflags +frag_keyframe+empty_moov+default_base_moof
encode fragments_without_index.mp4 $h264 -movflags +frag_keyframe+empty_moov+default_base_moof+skip_trailer
encode plain.mov $h264
encode sound.m4a $sound -c:a aac -b:a 16k

encode plain.wav $sound -ar 8000 -t 0.3
encode rf64.wav $sound -ar 8000 -t 0.3 -rf64 always
stream streamed.wav $sound -ar 8000 -t 0.3 -f wav
encode plain.avi -c:v mpeg4 -q:v 31 -c:a libmp3lame -b:a 16k
stream streamed.avi -c:v mpeg4 -q:v 31 -c:a libmp3lame -b:a 16k -f avi

webm="-c:v libvpx -b:v 20k -c:a libopus -b:a 12k"
encode plain.webm $webm
encode plain.mkv $h264
encode clusters.mkv $h264 -cluster_time_limit 300
stream streamed.webm $webm -f webm
stream streamed.mkv $h264 -f matroska -cluster_time_limit 300

encode plain.flac $sound -t 0.3 -af volume=2 -ar 8000 -c:a flac
stream streamed.flac $sound -t 0.3 -af volume=2 -ar 8000 -c:a flac -f flac
encode opus.ogg $sound -c:a libopus -b:a 12k
encode vorbis.ogg $sound -c:a libvorbis -q:a 0
encode two_streams.ogg -c:v libtheora -q:v 0 -c:a libopus -b:a 12k

encode xing.mp3 $sound -c:a libmp3lame -b:a 16k
encode vbr.mp3 $sound -c:a libmp3lame -q:a 9 -id3v2_version 3 -metadata title=tones -write_id3v1 1
encode without_xing.mp3 $sound -c:a libmp3lame -b:a 16k -write_xing 0 -id3v2_version 0
stream streamed.mp3 $sound -c:a libmp3lame -b:a 16k -f mp3
encode sound.aac $sound -c:a aac -b:a 16k -f adts
encode plain.ts $h264 -f mpegts
