module com.example.consumer {
  requires dev.gatun;
}
